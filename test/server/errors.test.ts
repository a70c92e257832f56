// The operator's side of errors: what a failed write concerns.

import { expect, it } from 'vitest';
import { ConfigError, scopeOf, StoreError, type StoreErrorCode } from '../../server/errors.js';

it('O1: a failed write concerns one document, may be tried again, or ends the store, by its code alone', () => {
  const scopes: Record<StoreErrorCode, string> = {
    STORE_LOCKED: 'fatal',
    STORE_UNWRITABLE: 'fatal',
    STORE_FULL: 'fatal',
    STORE_CORRUPT: 'fatal',
    STORE_VERSION: 'fatal',
    STORE_MISSING: 'fatal',
    STORE_CLOSED: 'fatal',
    STORE_CONFLICT: 'document',
    STORE_IO: 'fatal',
    STORE_AWAY: 'again',
    DOCUMENT_CORRUPT: 'document',
  };
  for (const [code, scope] of Object.entries(scopes))
    expect(scopeOf(new StoreError(code as StoreErrorCode, 'no'))).toBe(scope);
});

it('D1: what is no StoreError is fatal, as nobody knows what was written', () => {
  for (const thrown of [new Error('no'), new ConfigError('no'), 'no', undefined, { code: 'STORE_AWAY' }])
    expect(scopeOf(thrown)).toBe('fatal');
});
