// State vectors as peers send them.

import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { SyncError } from '../../../shared/errors.js';
import { defaultLimits } from '../../../shared/limits.js';
import { decodeStateVector } from '../../../server/crdt/state-vector.js';
import { makeHistory } from '../../support/histories.js';
import { bytesOf, raw, TOO_LARGE } from './hostile-updates.js';

describe('a state vector', () => {
  it('C1: is read as Yjs reads it', () => {
    const encoded = Y.encodeStateVector(makeHistory(1).reference);
    expect(decodeStateVector(encoded, defaultLimits)).toEqual(Y.decodeStateVector(encoded));
  });

  it('C8: has client ids of up to 53 bits', () => {
    const clocks = new Map([
      [2 ** 53 - 1, 2 ** 32 - 1],
      [2 ** 32, 7],
      [2 ** 32 - 1, 1],
    ]);
    expect(decodeStateVector(bytesOf(3, ...[...clocks].flat()), defaultLimits)).toEqual(clocks);
  });

  const invalid: Record<string, Uint8Array> = {
    empty: raw(),
    truncated: bytesOf(2, 1, 1),
    'trailing bytes': bytesOf(1, 1, 1, 0),
    'overlong varint': bytesOf(1, raw(0x81, 0x00), 1),
    'client id twice': bytesOf(2, 1, 1, 1, 2),
    'client id of 2^53': bytesOf(1, TOO_LARGE, 1),
    'clock of 2^32': bytesOf(1, 1, 2 ** 32),
    '2^53 entries': bytesOf(Number.MAX_SAFE_INTEGER),
    'more entries than a document may have': bytesOf(200_000, new Uint8Array(400_000)),
  };

  it.each(Object.entries(invalid))('O1, O2: is refused: %s', (_name, bytes) => {
    expect(() => decodeStateVector(bytes, defaultLimits)).toThrow(SyncError);
    expect(() => decodeStateVector(bytes, defaultLimits)).toThrow('STATE_VECTOR_INVALID');
  });
});
