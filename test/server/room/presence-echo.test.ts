// Real Awarenesses that repeat all they hear, as y-websocket's clients do, around one Presence: whatever the timing, it
// ends with everybody seeing what each has said last of itself, and in silence.

import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { afterEach, describe, expect, it } from 'vitest';
import { Presence } from '../../../server/room/presence.js';
import { defaultLimits } from '../../../shared/limits.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { Random } from '../../support/histories.js';
import { WatchedWriter } from '../../support/room-watch.js';

const seeds = Array.from({ length: Number(process.env['SEEDS'] ?? 60) }, (_, i) => i + 1);

interface Changed {
  readonly added: number[];
  readonly updated: number[];
  readonly removed: number[];
}

/** A client, its connection and the wire in between, which keeps the order and takes its time. */
class Client {
  readonly awareness: Awareness;
  /** What it said last of itself. */
  said: unknown;
  messages = 0;
  writer: WatchedWriter | undefined;
  readonly #room: SimulatedRoom;
  #down = 0;
  #up = 0;
  readonly sub: string | undefined;

  constructor(room: SimulatedRoom, clientId: number, sub?: string) {
    this.#room = room;
    this.sub = sub;
    const doc = new Y.Doc();
    doc.clientID = clientId;
    this.awareness = new Awareness(doc);
    clearInterval(this.awareness._checkInterval);
    this.said = {};
    this.awareness.on('update', ({ added, updated, removed }: Changed, origin: unknown) => {
      if (origin === 'local') this.said = this.awareness.getLocalState();
      this.#send([...added, ...updated, ...removed]);
    });
  }

  get clientId(): number {
    return this.awareness.clientID;
  }

  connect(): void {
    const writer = new WatchedWriter({ sub: this.sub });
    this.writer = writer;
    this.#room.clients.add(this);
    this.#room.presence.join(writer);
    const all = this.#room.presence.encodeAll(writer);
    if (all !== undefined) this.hear(all);
    if (this.awareness.getLocalState() !== null) this.#send([this.clientId]);
  }

  /** The connection ends; both sides see it at once. Peers are forgotten, as the provider does. */
  disconnect(): void {
    const { writer } = this;
    if (writer === undefined) return;
    this.writer = undefined;
    this.#room.clients.delete(this);
    this.#room.presence.leave(writer);
    for (const clientId of this.awareness.getStates().keys()) {
      if (clientId !== this.clientId) this.awareness.states.delete(clientId);
    }
  }

  hear(update: Uint8Array): void {
    const { writer } = this;
    this.#down = this.#room.deliver(this.#down, () => {
      if (writer === this.writer) applyAwarenessUpdate(this.awareness, update, 'server');
    });
  }

  #send(clientIds: number[]): void {
    const { writer } = this;
    if (writer === undefined) return;
    this.messages++;
    const update = encodeAwarenessUpdate(this.awareness, clientIds);
    this.#up = this.#room.deliver(this.#up, () => {
      if (writer === this.writer) this.#room.presence.receive(writer, update);
    });
  }
}

class SimulatedRoom {
  readonly clients = new Set<Client>();
  readonly presence: Presence;
  readonly #clock: FakeClock;
  readonly #random: Random;

  constructor(clock: FakeClock, random: Random) {
    this.#clock = clock;
    this.#random = random;
    this.presence = new Presence({
      clock,
      limits: defaultLimits,
      tell: (update, except) => {
        for (const client of this.clients)
          if (client.writer !== except || except === undefined) client.hear(update);
      },
    });
  }

  /** After some time, but not before what went the same way earlier. Returns when. */
  deliver(notBefore: number, run: () => void): number {
    const now = this.#clock.monotonic();
    const at = Math.max(notBefore, now + 1 + this.#random.int(80));
    this.#clock.after(at - now, run);
    return at;
  }
}

const made: Client[] = [];
afterEach(() => {
  for (const client of made.splice(0)) {
    client.disconnect();
    client.awareness.destroy();
  }
});

function simulate(
  seed: number,
  count: number,
  sub?: string,
): { clock: FakeClock; random: Random; room: SimulatedRoom; clients: Client[] } {
  const clock = createFakeClock();
  const random = new Random(seed);
  const room = new SimulatedRoom(clock, random);
  const clients = Array.from({ length: count }, (_, i) => new Client(room, i + 1, sub));
  made.push(...clients);
  return { clock, random, room, clients };
}

/** Runs until nothing is under way. */
function untilQuiet(clock: FakeClock): void {
  clock.advance(10_000);
  expect(clock.pending, 'messages that never end').toBe(0);
}

function expectAgreement(clients: readonly Client[]): void {
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
    const { clock, random, clients } = simulate(seed, 2);
    for (const client of clients) client.connect();
    for (let step = 0; step < 20; step++) {
      random.pick(clients).awareness.setLocalStateField('cursor', step);
      clock.advance(random.int(60));
    }
    untilQuiet(clock);
    expectAgreement(clients);
    for (const client of clients) expect(client.messages).toBeLessThan(150);
  });

  it.each(seeds)(
    'P2: one that comes back with a fresh Awareness keeps what it says of itself meanwhile (seed %i)',
    (seed) => {
      const { clock, random, room, clients } = simulate(seed, 2);
      const [first, other] = clients as [Client, Client];
      for (const client of clients) client.connect();
      for (let step = 0; step < 10; step++) first.awareness.setLocalStateField('cursor', step);
      untilQuiet(clock);
      first.disconnect();
      clock.advance(random.int(200));
      const again = new Client(room, 1);
      made.push(again);
      again.connect();
      for (const field of ['user', 'cursor', 'selection']) {
        clock.advance(random.int(60));
        again.awareness.setLocalStateField(field, 'new');
      }
      untilQuiet(clock);
      expectAgreement([again, other]);
    },
  );

  it.each(seeds)('P2: tabs of one user that come and go leave no ghosts (seed %i)', (seed) => {
    const { clock, random, clients } = simulate(seed, 4, 'ann');
    for (let step = 0; step < 30; step++) {
      const client = random.pick(clients);
      if (client.writer === undefined) client.connect();
      else if (random.chance(0.3)) client.disconnect();
      else client.awareness.setLocalStateField('cursor', step);
      clock.advance(random.int(120));
    }
    untilQuiet(clock);
    const [last, ...rest] = clients as [Client, ...Client[]];
    if (last.writer === undefined) last.connect();
    untilQuiet(clock);
    for (const client of rest) client.disconnect();
    untilQuiet(clock);
    expect([...last.awareness.getStates().keys()]).toEqual([last.clientId]);
  });

  it.each(seeds)('P2: connections of different users that come and go leave no ghosts (seed %i)', (seed) => {
    const { clock, random, clients } = simulate(seed, 4);
    for (let step = 0; step < 30; step++) {
      const client = random.pick(clients);
      if (client.writer === undefined) client.connect();
      else if (random.chance(0.3)) client.disconnect();
      else client.awareness.setLocalStateField('cursor', step);
      clock.advance(random.int(120));
    }
    untilQuiet(clock);
    const here = clients.filter((client) => client.writer !== undefined);
    // y-protocols remembers clocks of states it dropped, so one that reconnects sees the others from their next renewal.
    for (const { awareness } of here) awareness.setLocalState(awareness.getLocalState());
    untilQuiet(clock);
    expectAgreement(here);
  });
});
