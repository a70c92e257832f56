// When a log is worth a checkpoint.

import { expect, it } from 'vitest';
import { checkpointDueInMs, type Tail } from '../../../server/room/checkpoint-policy.js';

const minute = 60_000;

it.each<[what: string, tail: Omit<Tail, 'quietMs'> & { quietMs?: number }, isDue: boolean]>([
  ['nothing new', { records: 0, bytes: 0, checkpointBytes: 0, ageMs: 60 * minute }, false],
  ['many small ones', { records: 500, bytes: 10_000, checkpointBytes: 0, ageMs: 30_000 }, true],
  ['not quite as many', { records: 499, bytes: 10_000, checkpointBytes: 0, ageMs: 30_000 }, false],
  ['a few big ones', { records: 3, bytes: 256 * 1024, checkpointBytes: 100_000, ageMs: 30_000 }, true],
  ['many in a burst', { records: 5_000, bytes: 10 ** 6, checkpointBytes: 0, ageMs: 29_999 }, false],
  [
    'many that came to rest',
    { records: 500, bytes: 10_000, checkpointBytes: 0, ageMs: 9_000, quietMs: 5_000 },
    true,
  ],
  [
    'many, not at rest yet',
    { records: 500, bytes: 10_000, checkpointBytes: 0, ageMs: 9_000, quietMs: 4_999 },
    false,
  ],
  ['very many', { records: 5_000, bytes: 2 ** 20, checkpointBytes: 0, ageMs: 5_000 }, true],
  ['very many in a burst', { records: 5_000, bytes: 2 ** 20, checkpointBytes: 0, ageMs: 4_999 }, false],
  [
    'many, but of a huge document',
    { records: 600, bytes: 10_000, checkpointBytes: 10 ** 7, ageMs: 60_000 },
    false,
  ],
  [
    'a fair part of a huge one',
    { records: 600, bytes: 5 * 10 ** 6, checkpointBytes: 10 ** 7, ageMs: 10_000 },
    true,
  ],
  ['a few old ones', { records: 2, bytes: 50, checkpointBytes: 10 ** 7, ageMs: 5 * minute }, true],
  ['a few, not old yet', { records: 2, bytes: 50, checkpointBytes: 10, ageMs: 5 * minute - 1 }, false],
  [
    'a single old one after a checkpoint',
    { records: 1, bytes: 50, checkpointBytes: 10, ageMs: 60 * minute },
    false,
  ],
  [
    'a single old one, the first ever',
    { records: 1, bytes: 50, checkpointBytes: 0, ageMs: 5 * minute },
    true,
  ],
])('%s', (_what, tail, isDue) => {
  expect(checkpointDueInMs({ quietMs: 0, ...tail }) === 0).toBe(isDue);
});
