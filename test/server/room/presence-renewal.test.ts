// Real Awarenesses with their timers, some of which the browser slows down: whoever is connected is seen by everybody all the
// time, and whoever is gone is not.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { AwarenessClient, SimulatedRoom } from '../../support/awareness-client.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { Random } from '../../support/histories.js';

/** What y-protocols takes for the time: its library keeps the function that it finds when it is loaded. */
const wall = vi.hoisted(() => {
  const time = { now: Date.now };
  Date.now = () => time.now();
  return time;
});

const seeds = Array.from({ length: Number(process.env['SEEDS'] ?? 20) }, (_, i) => i + 1);
const minute = 60_000;

const realNow = wall.now;
let room: SimulatedRoom | undefined;
afterEach(() => {
  room?.close();
  room = undefined;
  wall.now = realNow;
});

/** Runs what an Awareness does by its timer: every 3 s, or once a minute where the browser slows timers down. */
function startTimer(clock: FakeClock, client: AwarenessClient, periodMs: number, phase: number): void {
  clock.after(phase, () => {
    const run = (): void => {
      if (!client.isCut && !client.isStopped) client.runTimer();
    };
    run();
    clock.every(periodMs, run);
  });
}

/** Says so at once when somebody is not seen, by whomever, from now on. */
function watchThatNobodyVanishes(clock: FakeClock, clients: readonly AwarenessClient[]): string[] {
  const seen: string[] = [];
  for (const client of clients) {
    client.awareness.on('change', ({ added, removed }: { added: number[]; removed: number[] }) => {
      for (const id of [...added, ...removed])
        seen.push(`at ${clock.monotonic()}: ${client.clientId} saw ${id} come or go`);
    });
  }
  return seen;
}

interface Crowd {
  readonly clock: FakeClock;
  readonly room: SimulatedRoom;
  readonly clients: AwarenessClient[];
}

/** Clients of both kinds, every other one with slow timers, which have all met. */
function crowdOf(seed: number, count: number, periodOf: (index: number) => number): Crowd {
  const clock = createFakeClock();
  const random = new Random(seed);
  wall.now = () => clock.now();
  const made = new SimulatedRoom(clock, random);
  room = made;
  const clients = Array.from(
    { length: count },
    (_, i) =>
      new AwarenessClient(made, i + 1, { sub: random.chance(0.5) ? 'ann' : undefined, repeats: i % 3 > 0 }),
  );
  for (const [i, client] of clients.entries()) {
    client.awareness.setLocalState({ name: i });
    client.connect();
    startTimer(clock, client, periodOf(i), random.int(periodOf(i)));
    clock.advance(random.int(3_000));
  }
  clock.advance(1_000);
  for (const client of clients) expect(client.awareness.getStates().size).toBe(count);
  return { clock, room: made, clients };
}

describe('who is connected', () => {
  it.each(seeds)(
    'P6: is seen by everybody all the time, though its timers are slowed down (seed %i)',
    (seed) => {
      const { clock, room, clients } = crowdOf(seed, 6, (i) => (i % 2 === 0 ? minute : 3_000));
      const random = new Random(seed + 1_000);
      const comings = watchThatNobodyVanishes(clock, clients);
      const before = {
        frames: room.frames,
        messages: clients.reduce((sum, { messages }) => sum + messages, 0),
      };
      for (let at = 0; at < 10 * minute; at += 10_000) {
        clock.advance(10_000);
        if (random.chance(0.3)) random.pick(clients).awareness.setLocalStateField('moved', at);
      }
      expect(comings).toEqual([]);
      clock.advance(1_000);
      for (const { awareness } of clients)
        for (const other of clients) expect(awareness.getStates().get(other.clientId)).toEqual(other.said);
      // Per minute: each is renewed at most four times, in at most as many frames; a few moves; and what is repeated of that.
      const minutes = 10;
      expect(room.frames - before.frames).toBeLessThan(minutes * 20);
      const messages = clients.reduce((sum, one) => sum + one.messages, 0) - before.messages;
      expect(messages).toBeLessThan(minutes * 20 * clients.length);
    },
  );

  it.each(seeds)('P6: many are renewed in few frames (seed %i)', (seed) => {
    const { clock, room, clients } = crowdOf(seed, 30, () => minute);
    const comings = watchThatNobodyVanishes(clock, clients);
    const before = room.frames;
    clock.advance(5 * minute);
    expect(comings).toEqual([]);
    expect(room.frames - before).toBeLessThanOrEqual(5 * 12 * 2);
  });
});

describe('who is gone', () => {
  it.each(seeds)('P6, P2: without a word is not seen for long, and not again (seed %i)', (seed) => {
    const { clock, clients } = crowdOf(seed, 5, (i) => (i % 2 === 0 ? minute : 3_000));
    const [dead, ...others] = clients as [AwarenessClient, ...AwarenessClient[]];
    clock.advance(minute);
    dead.isCut = true;
    clock.advance(45_000);
    for (const { awareness } of others) expect(awareness.getStates().has(dead.clientId)).toBe(false);
    const comings = watchThatNobodyVanishes(clock, others);
    clock.advance(3 * minute);
    expect(comings).toEqual([]);
  });

  it('P6: a page that was stopped is seen again when it goes on', () => {
    const { clock, clients } = crowdOf(1, 3, () => 3_000);
    const [stopped, other] = clients as [AwarenessClient, AwarenessClient];
    stopped.isStopped = true;
    clock.advance(2 * minute);
    expect(other.awareness.getStates().has(stopped.clientId)).toBe(false);
    stopped.goOn();
    clock.advance(1_000);
    expect(other.awareness.getStates().get(stopped.clientId)).toEqual({ name: 0 });
    expect(stopped.awareness.getStates().size).toBe(3);
  });
});
