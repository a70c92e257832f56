// Awareness updates from peers: read to the last byte or refused, whatever is in them.

import * as encoding from 'lib0/encoding';
import { Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { checkState, decodeAwareness, encodeAwareness } from '../../../server/room/awareness-codec.js';
import { defaultLimits } from '../../../shared/limits.js';
import { Random } from '../../support/histories.js';
import { encodeAwareness as encodeByHand } from '../../support/peer.js';

const invalid = expect.objectContaining({ code: 'AWARENESS_INVALID' });

function decode(update: Uint8Array): unknown {
  return decodeAwareness(update, defaultLimits);
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
    const entries = decodeAwareness(bytes, defaultLimits);
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

  it('O1: a clock nobody can count on from is refused', () => {
    for (const clock of [2 ** 53 - 1, 2 ** 53 - 2]) {
      expect(() => decode(encodeByHand([{ clientId: 1, clock, state: {} }])), String(clock)).toThrow(invalid);
    }
  });

  it('O2: 500,000 nulls are refused, and so is a count without entries', () => {
    const nulls = Array.from({ length: 500_000 }, (_, clientId) => ({ clientId, clock: 1, state: null }));
    expect(() => decode(encodeByHand(nulls))).toThrow(invalid);
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

describe('checkState', () => {
  const check = (state: string): void => checkState(state, defaultLimits);

  it('takes objects and null', () => {
    for (const state of ['{}', 'null', '{"a":{"b":[1,{"c":null}]}}', `{"a":"${'['.repeat(5_000)}"}`])
      check(state);
  });

  it('O1: what clients cannot read fields of is refused', () => {
    for (const state of ['"text"', '5', 'true', '[]', '[{}]', '', '{', '{}{}', 'undefined']) {
      expect(() => check(state), state).toThrow(invalid);
    }
  });

  it('O1: JSON nested 5,000 deep is refused, whatever it is hidden behind', () => {
    expect(() => check(`{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`)).toThrow(invalid);
    expect(() => check(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`)).toThrow(invalid);
    expect(() => check(`{"\\"":${'['.repeat(101)}${']'.repeat(101)}}`)).toThrow(invalid);
    check(`{"a":${'['.repeat(99)}${']'.repeat(99)}}`);
  });

  it('O2: 8 MB are refused', () => {
    expect(() => check(`{"a":"${'x'.repeat(8_000_000)}"}`)).toThrow(invalid);
  });

  it('O2: the bound is in bytes, not in characters', () => {
    expect(() => check(`{"a":"${'漢'.repeat(40_000)}"}`)).toThrow(invalid);
  });

  it('O1: null in other words is refused, as it would be no removal here and one everywhere else', () => {
    expect(() => check(' null')).toThrow(invalid);
  });
});
