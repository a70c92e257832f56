import { describe, expect, test } from 'vitest';
import { encodeAwarenessUpdate, Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { readAwareness } from '../../../bench/load/awareness-entries.js';
import { encodeAwareness } from '../../../server/room/awareness-codec.js';
import { AwarenessLedger, type StateArrivals } from '../../../bench/load/awareness-ledger.js';

const state = (at: number): string => JSON.stringify({ user: { name: 'somebody' }, at });

/** One client, 1000, that has set all of its five states: the i-th at `i * 10` ms. */
function room(): { ledger: AwarenessLedger; arrivals: StateArrivals } {
  const ledger = new AwarenessLedger([{ clientId: 1000, states: [1, 2, 3, 4, 5].map(state) }]);
  for (let i = 0; i < 5; i++) ledger.sent(0, i * 10);
  return { ledger, arrivals: ledger.arrivals(undefined, true) };
}

function take({ ledger, arrivals }: ReturnType<typeof room>, clock: number, text: string, nowMs = 100): void {
  arrivals.take(ledger.entriesOf(encodeAwareness([{ clientId: 1000, clock, state: text }])), nowMs);
}

describe('awareness', () => {
  test("entries have the bytes of y-protocols'", () => {
    const awareness = new Awareness(new Y.Doc());
    awareness.setLocalState({ name: 'ü', at: 1 });
    const { clientID } = awareness;
    const update = encodeAwarenessUpdate(awareness, [clientID]);
    awareness.destroy();
    expect(encodeAwareness(readAwareness(update))).toEqual(update);
    expect(readAwareness(update)).toMatchObject([{ clientId: clientID, state: '{"name":"ü","at":1}' }]);
  });

  test('H1 a state counts once, and those that a later one superseded count with it', () => {
    const one = room();
    take(one, 1, state(1));
    take(one, 1, state(1));
    expect(one.arrivals.delivered).toBe(1);
    take(one, 5, state(5));
    expect(one.arrivals.delivered).toBe(5);
    expect(one.arrivals.missing).toBe(0);
    one.arrivals.verify('somebody');
  });

  test('H4 a superseded state took until the later one came', () => {
    const one = room();
    take(one, 5, state(5), 60);
    const { latency } = one.ledger;
    expect([0.2, 0.4, 0.6, 0.8, 1].map((share) => Math.round(latency.quantile(share) / 10) * 10)).toEqual([
      20, 30, 40, 50, 60,
    ]);
  });

  test('H1 a server that counts clocks on delivers what it says, not what its clock would say', () => {
    const one = room();
    take(one, 5, state(4));
    expect(one.arrivals.delivered).toBe(4);
    expect(() => one.arrivals.verify('somebody')).toThrow(/state 4 of client 1000, which sent 5/);
    take(one, 6, state(5));
    one.arrivals.verify('somebody');
  });

  test('H3 a state that nobody set, or an old one after a newer, is a fault', () => {
    const made = room();
    take(made, 1, state(77));
    expect(() => made.arrivals.verify('somebody')).toThrow(/a state it never set/);
    const old = room();
    take(old, 3, state(3));
    take(old, 4, state(2));
    expect(() => old.arrivals.verify('somebody')).toThrow(/its state 2 after 3/);
  });
});
