// When the others are told who is here, and for how long it is remembered.

import { beforeEach, describe, expect, it } from 'vitest';
import { PresenceWatch } from '../../support/presence-watch.js';
import { WatchedWriter } from '../../support/room-watch.js';

let watch: PresenceWatch;

beforeEach(() => {
  watch = new PresenceWatch();
});

describe('how often the others hear of it', () => {
  it('P2: a change is told at once, more of them joined 15 ms later', () => {
    const owner = new WatchedWriter();
    watch.clock.advance(1_000);
    watch.say(owner, { clientId: 1, clock: 0, state: { at: 0 } });
    expect(watch.told.length).toBe(1);
    for (let at = 1; at <= 10; at++) {
      watch.say(owner, { clientId: 1, clock: at, state: { at } });
      watch.clock.advance(1);
    }
    expect(watch.told.length).toBe(1);
    watch.clock.advance(5);
    expect(watch.told.length).toBe(2);
    expect(watch.told[1]).toEqual([{ clientId: 1, clock: 11, state: { at: 10 } }]);
  });

  it('renewals of many are joined within 5 s, and nobody hears of one less than every 30 s', () => {
    const clients = Array.from({ length: 30 }, (_, id) => ({ id, writer: new WatchedWriter(), clock: 0 }));
    for (const { id, writer } of clients) watch.say(writer, { clientId: id, clock: 0, state: { id } });
    watch.clock.advance(1_000);
    for (const client of clients) client.clock = 1;
    watch.told.length = 0;
    const lastTold = new Map(clients.map(({ id }) => [id, watch.clock.monotonic()]));
    let seen = 0;
    for (let tick = 0; tick < 1_200; tick++) {
      const due = clients[tick % 150];
      if (due !== undefined)
        watch.say(due.writer, { clientId: due.id, clock: ++due.clock, state: { id: due.id } });
      watch.clock.advance(100);
      for (const entries of watch.told.slice(seen)) {
        for (const { clientId } of entries) {
          expect(watch.clock.monotonic() - lastTold.get(clientId)!).toBeLessThan(30_000);
          lastTold.set(clientId, watch.clock.monotonic());
        }
      }
      seen = watch.told.length;
    }
    for (const at of lastTold.values()) expect(watch.clock.monotonic() - at).toBeLessThan(30_000);
    expect(watch.told.length).toBeLessThanOrEqual(120 / 5);
    expect(watch.presence.size).toBe(30);
  });

  it('a change does not wait for renewals, and takes them along', () => {
    const one = new WatchedWriter();
    const two = new WatchedWriter();
    watch.say(one, { clientId: 1, clock: 0, state: {} });
    watch.say(two, { clientId: 2, clock: 0, state: {} });
    watch.heard();
    watch.say(one, { clientId: 1, clock: 2, state: {} });
    watch.told.length = 0;
    watch.say(one, { clientId: 1, clock: 3, state: {} });
    expect(watch.told).toEqual([]);
    watch.say(two, { clientId: 2, clock: 2, state: { moved: true } });
    expect(
      watch.told
        .splice(0)
        .flat()
        .map(({ clientId }) => clientId)
        .sort((left, right) => left - right),
    ).toEqual([1, 2]);
    expect(watch.heard()).toEqual([]);
  });
});

describe('time', () => {
  it('P6: the own id of a connection is renewed after 20 s, and gone 15 s later if it does not answer', () => {
    const owner = new WatchedWriter();
    watch.say(owner, { clientId: 1, clock: 0, state: {} });
    watch.say(owner, { clientId: 1, clock: 1, state: {} });
    watch.told.length = 0;
    watch.clock.advance(19_999);
    expect(watch.told).toEqual([]);
    watch.clock.advance(1);
    expect(watch.told).toEqual([[{ clientId: 1, clock: 2, state: {} }]]);
    watch.say(owner, { clientId: 1, clock: 2, state: {} });
    watch.clock.advance(20_000);
    expect(watch.told[1]).toEqual([{ clientId: 1, clock: 3, state: {} }]);
    watch.clock.advance(14_999);
    expect(watch.presence.size).toBe(1);
    watch.clock.advance(1);
    expect(watch.told[2]).toEqual([{ clientId: 1, clock: 4, state: null }]);
    watch.clock.advance(11 * 60_000);
    expect(watch.told.length).toBe(3);
    expect(watch.clock.pending, 'timers of an empty room').toBe(0);
  });

  it('P6: what a connection only repeats is gone after 28 s, before the others forget it', () => {
    const owner = new WatchedWriter();
    watch.say(owner, { clientId: 1, clock: 0, state: {} }, { clientId: 2, clock: 0, state: {} });
    watch.say(owner, { clientId: 1, clock: 1, state: {} });
    watch.heard();
    watch.clock.advance(22_999);
    expect(watch.presence.size).toBe(2);
    watch.clock.advance(1);
    expect(watch.presence.size).toBe(1);
    expect(watch.told.flat().at(-1)).toEqual({ clientId: 2, clock: 2, state: null });
  });

  it('P6: an owner that has not heard yet at which clock it is told is not told to be further on', () => {
    const owner = new WatchedWriter();
    watch.say(owner, { clientId: 1, clock: 0, state: {} });
    watch.heard();
    watch.clock.advance(22_999);
    expect(watch.told).toEqual([]);
    watch.clock.advance(1);
    expect(watch.told).toEqual([[{ clientId: 1, clock: 2, state: null }]]);
  });

  it('P6: one whose own entries are not sent to it is renewed for as long as it is connected', () => {
    const before = new WatchedWriter();
    const owner = new WatchedWriter();
    watch.say(before, { clientId: 1, clock: 50, state: {} });
    watch.presence.leave(before);
    watch.say(owner, { clientId: 1, clock: 3, state: { back: true } });
    watch.heard();
    watch.clock.advance(196_000);
    expect(watch.told.flat().map(({ clock, state }) => [clock, state])).toEqual(
      Array.from({ length: 10 }, (_, i) => [54 + i, { back: true }]),
    );
    watch.presence.leave(owner);
    expect(watch.heard().at(-1)?.state).toBeNull();
  });

  it('P6: renewals are joined: 30 that are due within 5 s are renewed together', () => {
    const clients = Array.from({ length: 30 }, (_, id) => ({ id, writer: new WatchedWriter() }));
    for (const { id, writer } of clients) {
      watch.say(writer, { clientId: id, clock: 0, state: { id } });
      watch.say(writer, { clientId: id, clock: 1, state: { id } });
      watch.clock.advance(160);
    }
    watch.told.length = 0;
    watch.clock.advance(20_000 - 30 * 160);
    expect(watch.told.map((entries) => entries.length)).toEqual([30]);
  });

  it('P6: a renewal of its owner keeps it, whatever the wall clock does', () => {
    const owner = new WatchedWriter();
    for (let renewal = 0; renewal < 5; renewal++) {
      watch.say(owner, { clientId: 1, clock: renewal * 3, state: {} });
      watch.clock.advance(27_000);
      watch.clock.setWall(Date.UTC(2030, renewal));
    }
    expect(watch.presence.size).toBe(1);
  });

  it('O2: what is remembered of the gone is bounded in number and time', () => {
    const writer = new WatchedWriter();
    for (let clientId = 1; clientId <= 12_000; clientId++) {
      watch.say(writer, { clientId, clock: 5, state: {} });
      watch.say(writer, { clientId, clock: 5, state: null });
    }
    watch.heard();
    watch.say(new WatchedWriter(), { clientId: 1, clock: 0, state: {} });
    watch.say(new WatchedWriter(), { clientId: 12_000, clock: 0, state: {} });
    // The longest gone is forgotten and begins anew; the last one is not.
    const [forgotten, remembered] = watch.heard();
    expect(forgotten?.clock).toBe(1);
    expect(remembered?.clock).toBeGreaterThanOrEqual(7);
    watch.say(writer, { clientId: 20_000, clock: 5, state: {} });
    watch.say(writer, { clientId: 20_000, clock: 5, state: null });
    watch.clock.advance(10 * 60_000);
    watch.told.length = 0;
    watch.say(new WatchedWriter(), { clientId: 20_000, clock: 0, state: {} });
    expect(watch.heard()).toEqual([{ clientId: 20_000, clock: 1, state: {} }]);
  });

  it('O2: one that is pushed to the highest clock while it is away can still come back', () => {
    const squatter = new WatchedWriter();
    watch.say(squatter, { clientId: 1, clock: 2 ** 32 - 1, state: {} });
    watch.presence.leave(squatter);
    watch.heard();
    const owner = new WatchedWriter();
    watch.say(owner, { clientId: 1, clock: 3, state: { back: 1 } });
    const echo = watch.heard()[0]!;
    // The owner's Awareness takes the clock it hears and goes on from there.
    expect(() => watch.say(owner, { clientId: 1, clock: echo.clock + 1, state: { back: 2 } })).not.toThrow();
    expect(watch.everybody()[0]?.state).toEqual({ back: 2 });
  });

  it('close leaves no timers', () => {
    const owner = new WatchedWriter();
    watch.say(owner, { clientId: 1, clock: 0, state: {} });
    watch.say(owner, { clientId: 1, clock: 2, state: {} }, { clientId: 2, clock: 0, state: { a: 1 } });
    watch.say(owner, { clientId: 1, clock: 3, state: {} });
    expect(watch.clock.pending).toBeGreaterThan(0);
    watch.presence.close();
    expect(watch.clock.pending).toBe(0);
  });
});
