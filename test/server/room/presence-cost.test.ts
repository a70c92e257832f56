// What presence costs, counted: a message costs as much with thousands present as with a few, and many who leave together
// cost as much each as one.

import { describe, expect, it } from 'vitest';
import { countVisits } from '../../support/count-visits.js';
import { encodeAwareness } from '../../support/peer.js';
import { PresenceWatch } from '../../support/presence-watch.js';
import { WatchedWriter } from '../../support/room-watch.js';

interface Crowd {
  readonly watch: PresenceWatch;
  readonly writers: readonly WatchedWriter[];
}

/** So many connections, each with a presence of its own that everybody has been told of. */
function crowdOf(count: number): Crowd {
  const watch = new PresenceWatch();
  const writers = Array.from({ length: count }, () => new WatchedWriter());
  for (const [i, writer] of writers.entries()) {
    watch.presence.join(writer);
    watch.say(writer, { clientId: i + 1, clock: 1, state: { name: `user ${i}` } });
    watch.say(writer, { clientId: i + 1, clock: 2, state: { name: `user ${i}` } });
  }
  watch.heard();
  return { watch, writers };
}

/** Visits per message of a kind, in a room with so many. */
function visitsPer(present: number, what: (crowd: Crowd, round: number) => void): number {
  const crowd = crowdOf(present);
  const rounds = 40;
  const visits = countVisits(() => {
    for (let round = 0; round < rounds; round++) what(crowd, round);
  });
  crowd.watch.presence.close();
  return visits / rounds;
}

describe('the work for one message', () => {
  it('the counter sees a walk over a map or a set, however it is made', () => {
    const map = new Map(Array.from({ length: 100 }, (_, i) => [i, i]));
    const walks = [
      () => [...map],
      () => {
        for (const [key] of map) if (key < 0) return;
      },
      () => {
        for (const key of new Set(map.keys())) if (key < 0) return;
      },
      () => map.forEach(() => {}),
    ];
    for (const walk of walks) expect(countVisits(walk)).toBeGreaterThanOrEqual(100);
    expect(countVisits(() => map.get(5))).toBe(1);
  });

  it.each<[string, (crowd: Crowd, round: number) => void]>([
    [
      'a move, told to everybody',
      ({ watch, writers: [one] }, round) => {
        watch.say(one!, { clientId: 1, clock: 3 + round, state: { at: round } });
        watch.clock.advance(15);
      },
    ],
    [
      'a renewal',
      ({ watch, writers: [one] }, round) =>
        watch.say(one!, { clientId: 1, clock: 3 + round, state: { name: 'user 0' } }),
    ],
    [
      'what a stock client repeats of another',
      ({ watch, writers: [, two] }) => watch.say(two!, { clientId: 1, clock: 2, state: { name: 'user 0' } }),
    ],
    [
      'an entry that is refused',
      ({ watch, writers: [one] }, round) =>
        watch.say(one!, { clientId: 1, clock: 3 + round, state: 'no JSON' }),
    ],
    [
      'one who comes',
      ({ watch }, round) => {
        const writer = new WatchedWriter();
        watch.presence.join(writer);
        watch.say(writer, { clientId: 1_000_000 + round, clock: 0, state: {} });
      },
    ],
    ['one who leaves', ({ watch, writers }, round) => watch.presence.leave(writers[round]!)],
  ])('P5: %s costs the same with 50 present as with 5,000', (_what, run) => {
    const few = visitsPer(50, run);
    expect(few).toBeGreaterThan(0);
    expect(visitsPer(5_000, run)).toBeLessThanOrEqual(few + 1);
  });
});

describe('many who leave together', () => {
  it('P5: cost as much each as one alone, and the others are told in few frames of bounded size', () => {
    const perLeaver = (count: number): number => {
      const { watch, writers } = crowdOf(count);
      watch.told.length = 0;
      const visits = countVisits(() => {
        for (const writer of writers) watch.presence.leave(writer);
        watch.clock.advance(100);
      });
      const gone = watch.told.flat();
      expect(new Set(gone.map(({ clientId }) => clientId)).size).toBe(count);
      expect(gone.every(({ state }) => state === null)).toBe(true);
      expect(watch.told.length).toBeLessThanOrEqual(Math.ceil(count / 1_000) + 1);
      for (const entries of watch.told) expect(entries.length).toBeLessThanOrEqual(1_000);
      watch.presence.close();
      return visits / count;
    };
    expect(perLeaver(20_000)).toBeLessThanOrEqual(perLeaver(200) + 1);
  });

  it('P5: what the others repeat of it is taken as a message like any other', () => {
    const { watch, writers } = crowdOf(12_000);
    watch.told.length = 0;
    for (const writer of writers.slice(1)) watch.presence.leave(writer);
    watch.clock.advance(100);
    for (const entries of watch.told)
      expect(watch.presence.receive(writers[0]!, encodeAwareness(entries))).toEqual({ hasChanged: false });
    watch.presence.close();
  });

  it('P5: a newcomer and a reader that was away are told of thousands in frames of bounded size', () => {
    const { watch, writers } = crowdOf(5_000);
    const before = watch.presence.turn;
    for (const writer of writers.slice(0, 2_500)) watch.presence.leave(writer);
    const [all, since] = [watch.presence.encodeAll(), watch.presence.encodeSince(before)];
    expect([all.length, since.length]).toEqual([3, 3]);
    for (const frame of [...all, ...since]) expect(frame.length).toBeLessThan(64 * 1024);
    watch.presence.close();
  });
});
