// Awareness updates from peers: read to the last byte or refused, whatever is in them.

import * as encoding from 'lib0/encoding';
import { Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import {
  decodeAwareness,
  encodeAwareness,
  encodeAwarenessFrames,
  faultOfJson,
  faultOfSize,
  type AwarenessEntry,
} from '../../../server/room/awareness-codec.js';
import { defaultLimits } from '../../../shared/limits.js';
import { Random } from '../../support/histories.js';
import { encodeAwareness as encodeByHand } from '../../support/peer.js';

const invalid = expect.objectContaining({ code: 'AWARENESS_INVALID' });

const maxEntries = 10_000;

function decode(update: Uint8Array): unknown {
  return decodeAwareness(update, maxEntries).entries;
}

describe('decodeAwareness', () => {
  it('reads what y-protocols writes, and writes the same bytes', () => {
    const doc = new Y.Doc();
    doc.clientID = 300;
    const awareness = new Awareness(doc);
    awareness.setLocalState({ user: { name: 'Zoë 😀' } });
    awareness.states.set(7, { a: [1] });
    awareness.meta.set(7, { clock: 70_000, lastUpdated: 0 });
    const bytes = encodeAwarenessUpdate(awareness, [300, 7]);
    awareness.destroy();
    const { entries } = decodeAwareness(bytes, maxEntries);
    expect(entries).toEqual([
      { clientId: 300, clock: 1, state: '{"user":{"name":"Zoë 😀"}}' },
      { clientId: 7, clock: 70_000, state: '{"a":[1]}' },
    ]);
    expect(encodeAwareness(entries)).toEqual(bytes);
  });

  it('golden bytes: one entry with no state', () => {
    const bytes = Uint8Array.of(1, 0xac, 0x02, 5, 4, 0x6e, 0x75, 0x6c, 0x6c);
    expect(decode(bytes)).toEqual([{ clientId: 300, clock: 5, state: 'null' }]);
    expect(encodeAwareness([{ clientId: 300, clock: 5, state: 'null' }])).toEqual(bytes);
  });

  it('O1: no entries at all is fine', () => {
    expect(decode(Uint8Array.of(0))).toEqual([]);
  });

  it('O1: every truncation is refused', () => {
    const whole = encodeByHand([
      { clientId: 300, clock: 200, state: { a: 1 } },
      { clientId: 7, clock: 1, state: null },
    ]);
    for (let length = 0; length < whole.length; length++) {
      expect(() => decode(whole.subarray(0, length)), `${length} bytes`).toThrow(invalid);
    }
  });

  it('O1: bytes after the last entry are refused', () => {
    const whole = encodeByHand([{ clientId: 1, clock: 1, state: {} }]);
    expect(() => decode(Uint8Array.of(...whole, 0))).toThrow(invalid);
  });

  it('P4, O2: of 500,000 entries the first 10,000 are read, and the rest costs nothing', () => {
    const nulls = Array.from({ length: 500_000 }, (_, clientId) => ({ clientId, clock: 1, state: null }));
    const { entries, isCut } = decodeAwareness(encodeByHand(nulls), maxEntries);
    expect([entries.length, isCut, entries.at(-1)?.clientId]).toEqual([10_000, true, 9_999]);
    const all = decodeAwareness(encodeByHand(nulls.slice(0, maxEntries)), maxEntries);
    expect([all.entries.length, all.isCut]).toEqual([10_000, false]);
  });

  it('O2: a count without entries is refused', () => {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, 9_999);
    expect(() => decode(encoding.toUint8Array(encoder))).toThrow(invalid);
  });

  it('O1: random bytes are read or refused, and nothing else', () => {
    const random = new Random(11);
    const whole = encodeByHand([
      { clientId: 300, clock: 200, state: { a: 'ä'.repeat(50) } },
      { clientId: 7, clock: 1, state: null },
    ]);
    for (let round = 0; round < 3_000; round++) {
      const bytes = whole.slice();
      for (let flips = 1 + random.int(4); flips > 0; flips--)
        bytes[random.int(bytes.length)] = random.int(256);
      try {
        decode(bytes);
      } catch (error) {
        expect(error, `round ${round}`).toEqual(invalid);
      }
    }
  });
});

describe('encodeAwarenessFrames', () => {
  const entry = (clientId: number, length: number): AwarenessEntry => ({
    clientId,
    clock: 1,
    state: JSON.stringify({ a: 'x'.repeat(length) }),
  });

  it.each([
    ['none', 0, 0],
    ['one', 1, 10],
    ['20,000 small ones', 20_000, 10],
    ['100 of 5 KB', 100, 5_000],
    ['10 of 60 KB', 10, 60_000],
  ])(
    'P5: %s are cut in order, into frames that are neither large nor needlessly many',
    (_what, count, length) => {
      const entries = Array.from({ length: count }, (_, i) => entry(i + 1, length));
      const frames = encodeAwarenessFrames(entries);
      expect(frames.flatMap((frame) => decodeAwareness(frame, maxEntries).entries)).toEqual(entries);
      const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
      for (const frame of frames) {
        const held = decodeAwareness(frame, maxEntries).entries.length;
        expect(held).toBeLessThanOrEqual(1_000);
        if (held > 1) expect(frame.length).toBeLessThan(64 * 1024);
      }
      expect(frames.length).toBeLessThanOrEqual(Math.ceil(count / 1_000) + Math.ceil(bytes / (16 * 1024)));
    },
  );

  it('P5: a long state among short ones is not joined with them', () => {
    const entries = [entry(1, 10), entry(2, 60_000), entry(3, 10)];
    expect(encodeAwarenessFrames(entries).map((frame) => decodeAwareness(frame, maxEntries).entries)).toEqual(
      entries.map((one) => [one]),
    );
  });
});

describe('faults of a state', () => {
  const check = (state: string): unknown =>
    faultOfSize(state, defaultLimits) ?? faultOfJson(state, defaultLimits);

  it('takes objects and null', () => {
    for (const state of ['{}', 'null', '{"a":{"b":[1,{"c":null}]}}', `{"a":"${'['.repeat(5_000)}"}`])
      expect(check(state)).toBeUndefined();
  });

  it('P4: what clients cannot read fields of is refused', () => {
    for (const state of ['"text"', '5', 'true', '[]', '[{}]', '', '{', '{}{}', 'undefined'])
      expect(check(state), state).toEqual(invalid);
  });

  it('P4: JSON nested 5,000 deep is refused, whatever it is hidden behind', () => {
    expect(check(`{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`)).toEqual(invalid);
    expect(check(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`)).toEqual(invalid);
    expect(check(`{"\\"":${'['.repeat(101)}${']'.repeat(101)}}`)).toEqual(invalid);
    expect(check(`{"a":${'['.repeat(99)}${']'.repeat(99)}}`)).toBeUndefined();
  });

  it('O2: 8 MB are refused', () => {
    expect(check(`{"a":"${'x'.repeat(8_000_000)}"}`)).toEqual(invalid);
  });

  it('O2: the bound is in bytes, not in characters', () => {
    expect(check(`{"a":"${'漢'.repeat(40_000)}"}`)).toEqual(invalid);
  });

  it('P4: null in other words is refused, as it would be no removal here and one everywhere else', () => {
    expect(check(' null')).toEqual(invalid);
  });
});
