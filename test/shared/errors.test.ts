// What an error says.

import { expect, it } from 'vitest';
import { SyncError } from '../../shared/errors.js';

it.each([
  ['', 'FORBIDDEN', ''],
  ['ask its owner', 'FORBIDDEN: ask its owner', 'ask its owner'],
  ['FORBIDDEN: ask its owner', 'FORBIDDEN: ask its owner', 'ask its owner'],
  ['FORBIDDEN', 'FORBIDDEN', ''],
  ['FORBIDDENLY long', 'FORBIDDEN: FORBIDDENLY long', 'FORBIDDENLY long'],
])(
  'K35: an error names its code once, also when it is made of a reason that begins with it (%j)',
  (given, message, detail) => {
    const error = new SyncError('FORBIDDEN', given);
    expect([error.message, error.reason, error.detail]).toEqual([message, message, detail]);
  },
);
