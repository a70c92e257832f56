// Keys and values as pure functions: order, uniqueness, round trips, and every single flipped bit.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkpointKey,
  dataRange,
  keptKey,
  keptRange,
  loadedRange,
  metaKey,
  metaRange,
  parseKey,
  recordsKey,
  recordsRange,
  stateKey,
} from '../../../server/store/level-keys.js';
import type { KeyRange } from '../../../server/store/level-keys.js';
import {
  decodeBytes,
  decodeCheckpoint,
  decodeMeta,
  decodeRecords,
  encodeBytes,
  encodeCheckpoint,
  encodeMeta,
  encodeRecords,
} from '../../../server/store/record-codec.js';
import { named, record } from './level-fixture.js';

const text = fc.string({ unit: 'binary', maxLength: 12 });
const offset = fc.maxSafeNat();

function isIn(key: Uint8Array, { gte, gt, lt }: KeyRange): boolean {
  const isAfter = gte ? Buffer.compare(key, gte) >= 0 : Buffer.compare(key, gt!) > 0;
  return isAfter && Buffer.compare(key, lt) < 0;
}

describe('keys', () => {
  test('S9 keys read back, for any name and offset', () => {
    fc.assert(
      fc.property(text, offset, (name, number) => {
        const document = named(name);
        expect(parseKey(metaKey(document))).toEqual({ kind: 'meta', document });
        expect(parseKey(checkpointKey(document))).toEqual({ kind: 'checkpoint', document });
        expect(parseKey(recordsKey(document, number))).toEqual({ kind: 'records', document, offset: number });
        expect(parseKey(keptKey(document, number))).toEqual({ kind: 'kept', document, offset: number });
        expect(parseKey(stateKey(name))).toEqual({ kind: 'state', key: name });
      }),
    );
  });

  test('S9 the range of a document holds its keys and nobody else’s', () => {
    fc.assert(
      fc.property(text, text, offset, offset, (name, otherName, number, from) => {
        const [document, other] = [named(name), named(otherName)];
        expect(isIn(checkpointKey(document), dataRange(document))).toBe(true);
        expect(isIn(recordsKey(document, number), dataRange(document))).toBe(true);
        expect(isIn(recordsKey(other, number), dataRange(document))).toBe(name === otherName);
        expect(isIn(recordsKey(other, number), recordsRange(document, from))).toBe(
          name === otherName && number >= from,
        );
        expect(isIn(keptKey(document, number), dataRange(document))).toBe(true);
        expect(isIn(keptKey(other, number), keptRange(document, from))).toBe(
          name === otherName && number >= from,
        );
        for (const range of [loadedRange(document), recordsRange(document, 0)])
          expect(isIn(keptKey(document, number), range)).toBe(false);
        for (const key of [checkpointKey(document), recordsKey(document, number)])
          expect(isIn(key, loadedRange(document))).toBe(true);
        expect(isIn(checkpointKey(document), recordsRange(document, 0))).toBe(false);
        expect(isIn(metaKey(document), dataRange(other))).toBe(false);
      }),
    );
  });

  test('S10 the range of a listing is the prefix in UTF-8 bytes', () => {
    fc.assert(
      fc.property(text, text, fc.option(text, { nil: undefined }), (prefix, rest, after) => {
        const name = prefix + rest;
        const isAfter = after === undefined || Buffer.compare(Buffer.from(name), Buffer.from(after)) > 0;
        expect(isIn(metaKey(named(name)), metaRange(prefix, after))).toBe(isAfter);
        expect(isIn(metaKey(named(rest)), metaRange(prefix, undefined))).toBe(rest.startsWith(prefix));
      }),
    );
  });

  test('S2 records sort by offset', () => {
    fc.assert(
      fc.property(offset, offset, (left, right) => {
        const order = Buffer.compare(recordsKey(named('a'), left), recordsKey(named('a'), right));
        expect(order).toBe(Math.sign(left - right));
      }),
    );
  });
});

describe('values', () => {
  const key = recordsKey(named('a'), 7);

  test('S2 values read back', () => {
    const update = fc.uint8Array({ maxLength: 300 });
    const fields = fc.record({ time: fc.maxSafeNat(), author: text, update });
    fc.assert(
      fc.property(
        fc.array(fields, { minLength: 1, maxLength: 5 }),
        offset,
        fc.option(offset),
        (items, number, nothing) => {
          const records = items.map((item, index) => ({ ...item, offset: 7 + index }));
          expect(decodeRecords(key, encodeRecords(key, records), 7)).toEqual(records);
          const { time, update } = items[0]!;
          const checkpoint = { offset: number, time, update };
          expect(decodeCheckpoint(key, encodeCheckpoint(key, checkpoint))).toEqual(checkpoint);
          expect(decodeBytes(key, encodeBytes(key, update))).toEqual(update);
          const counts = { lastOffset: number, bytes: time, records: items.length, changedAt: time };
          const checkpointOffset =
            nothing === null ? undefined : Math.min(nothing, Number.MAX_SAFE_INTEGER - 1);
          const meta = { epoch: items[0]!.author, checkpointOffset, ...counts };
          expect(decodeMeta(key, encodeMeta(key, meta))).toEqual(meta);
        },
      ),
    );
  });

  test('S2 a large value after and before small ones', () => {
    for (const size of [10, 3_000_000, 10, 70_000, 10]) {
      const records = [record(7, size), record(8, 5)];
      const decoded = decodeRecords(key, encodeRecords(key, records), 7);
      expect(
        decoded.map((item) => Buffer.from(item.update).equals(records[item.offset - 7]!.update)),
      ).toEqual([true, true]);
    }
  });

  test('D4 every flipped bit, every other length and every other key is noticed', () => {
    const value = Uint8Array.from(encodeRecords(key, [record(7, 30), record(8, 30)]));
    const isNoticed = (bytes: Uint8Array, at = key) => {
      try {
        decodeRecords(at, bytes, 7);
        return false;
      } catch (error) {
        return error instanceof Error && error.name === 'DamagedValueError';
      }
    };
    const missed: string[] = [];
    for (let bit = 0; bit < value.length * 8; bit += 1) {
      const flipped = Uint8Array.from(value);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      if (!isNoticed(flipped)) missed.push(`bit ${bit}`);
    }
    for (let length = 0; length < value.length; length += 1) {
      if (!isNoticed(value.subarray(0, length))) missed.push(`length ${length}`);
    }
    for (const other of [recordsKey(named('a'), 8), recordsKey(named('b'), 7), checkpointKey(named('a'))]) {
      if (!isNoticed(value, other)) missed.push(`key ${Buffer.from(other).toString('hex')}`);
    }
    expect(missed).toEqual([]);
    expect(isNoticed(value)).toBe(false);
  });
});
