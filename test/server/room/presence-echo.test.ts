// Real Awarenesses that repeat all they hear, as y-websocket's clients do, around one Presence: whatever the timing, it
// ends with everybody seeing what each has said last of itself, and in silence.

import { afterEach, describe, expect, it } from 'vitest';
import { AwarenessClient, SimulatedRoom } from '../../support/awareness-client.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { Random } from '../../support/histories.js';

const seeds = Array.from({ length: Number(process.env['SEEDS'] ?? 60) }, (_, i) => i + 1);

const rooms: SimulatedRoom[] = [];
afterEach(() => {
  for (const room of rooms.splice(0)) room.close();
});

function simulate(
  seed: number,
  count: number,
  sub?: string,
): { clock: FakeClock; random: Random; room: SimulatedRoom; clients: AwarenessClient[] } {
  const clock = createFakeClock();
  const random = new Random(seed);
  const room = new SimulatedRoom(clock, random);
  rooms.push(room);
  const clients = Array.from({ length: count }, (_, i) => new AwarenessClient(room, i + 1, { sub }));
  return { clock, random, room, clients };
}

/** Runs until nothing is under way: what is still said then is a renewal and its answers, and ends at once. */
function untilQuiet(clock: FakeClock, room: SimulatedRoom): void {
  clock.advance(10_000);
  if (room.inFlight > 0) clock.advance(1_000);
  expect(room.inFlight, 'messages that never end').toBe(0);
}

function expectAgreement(clients: readonly AwarenessClient[]): void {
  for (const client of clients) {
    for (const other of clients) {
      const what = `client ${client.clientId} sees what client ${other.clientId} said last`;
      expect(client.awareness.getStates().get(other.clientId), what).toEqual(other.said);
    }
    expect(client.awareness.getStates().size).toBe(clients.length);
  }
}

describe('clients that repeat all they hear', () => {
  it.each(seeds)('P1, P2: two of different users agree and fall silent (seed %i)', (seed) => {
    const { clock, random, room, clients } = simulate(seed, 2);
    for (const client of clients) client.connect();
    for (let step = 0; step < 20; step++) {
      random.pick(clients).awareness.setLocalStateField('cursor', step);
      clock.advance(random.int(60));
    }
    untilQuiet(clock, room);
    expectAgreement(clients);
    for (const client of clients) expect(client.messages).toBeLessThan(150);
  });

  it.each(seeds)(
    'P2: one that comes back with a fresh Awareness keeps what it says of itself meanwhile (seed %i)',
    (seed) => {
      const { clock, random, room, clients } = simulate(seed, 2);
      const [first, other] = clients as [AwarenessClient, AwarenessClient];
      for (const client of clients) client.connect();
      for (let step = 0; step < 10; step++) first.awareness.setLocalStateField('cursor', step);
      untilQuiet(clock, room);
      first.disconnect();
      clock.advance(random.int(200));
      const again = new AwarenessClient(room, 1);
      again.connect();
      for (const field of ['user', 'cursor', 'selection']) {
        clock.advance(random.int(60));
        again.awareness.setLocalStateField(field, 'new');
      }
      untilQuiet(clock, room);
      expectAgreement([again, other]);
    },
  );

  it.each(seeds)('P2: tabs of one user that come and go leave no ghosts (seed %i)', (seed) => {
    const { clock, random, room, clients } = simulate(seed, 4, 'ann');
    for (let step = 0; step < 30; step++) {
      const client = random.pick(clients);
      if (client.writer === undefined) client.connect();
      else if (random.chance(0.3)) client.disconnect();
      else client.awareness.setLocalStateField('cursor', step);
      clock.advance(random.int(120));
    }
    untilQuiet(clock, room);
    const [last, ...rest] = clients as [AwarenessClient, ...AwarenessClient[]];
    if (last.writer === undefined) last.connect();
    untilQuiet(clock, room);
    for (const client of rest) client.disconnect();
    untilQuiet(clock, room);
    expect([...last.awareness.getStates().keys()]).toEqual([last.clientId]);
  });

  it.each(seeds)('P2: connections of different users that come and go leave no ghosts (seed %i)', (seed) => {
    const { clock, random, room, clients } = simulate(seed, 4);
    for (let step = 0; step < 30; step++) {
      const client = random.pick(clients);
      if (client.writer === undefined) client.connect();
      else if (random.chance(0.3)) client.disconnect();
      else client.awareness.setLocalStateField('cursor', step);
      clock.advance(random.int(120));
    }
    untilQuiet(clock, room);
    const here = clients.filter((client) => client.writer !== undefined);
    // y-protocols remembers clocks of states it dropped, so one that reconnects sees the others from their next renewal.
    for (const { awareness } of here) awareness.setLocalState(awareness.getLocalState());
    untilQuiet(clock, room);
    expectAgreement(here);
  });
});
