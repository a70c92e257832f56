// When the others are told who is here, and for how long it is remembered.

import { beforeEach, describe, expect, it } from 'vitest';
import { PresenceWatch } from '../../support/presence-watch.js';
import { WatchedWriter } from '../../support/room-watch.js';

let clock: PresenceWatch['clock'];
let presence: PresenceWatch['presence'];
let told: PresenceWatch['told'];
let say: PresenceWatch['say'];
let heard: PresenceWatch['heard'];
let everybody: PresenceWatch['everybody'];

beforeEach(() => {
  ({ clock, presence, told, say, heard, everybody } = new PresenceWatch());
});

describe('how often the others hear of it', () => {
  it('P2: a change is told at once, more of them joined 15 ms later', () => {
    const owner = new WatchedWriter();
    clock.advance(1_000);
    say(owner, { clientId: 1, clock: 0, state: { at: 0 } });
    expect(told.length).toBe(1);
    for (let at = 1; at <= 10; at++) {
      say(owner, { clientId: 1, clock: at, state: { at } });
      clock.advance(1);
    }
    expect(told.length).toBe(1);
    clock.advance(5);
    expect(told.length).toBe(2);
    expect(told[1]).toEqual([{ clientId: 1, clock: 11, state: { at: 10 } }]);
  });

  it('renewals of many are joined within 5 s, and nobody hears of one less than every 30 s', () => {
    const clients = Array.from({ length: 30 }, (_, id) => ({ id, writer: new WatchedWriter(), clock: 0 }));
    for (const { id, writer } of clients) say(writer, { clientId: id, clock: 0, state: { id } });
    clock.advance(1_000);
    for (const client of clients) client.clock = 1;
    told.length = 0;
    const lastTold = new Map(clients.map(({ id }) => [id, clock.monotonic()]));
    let seen = 0;
    for (let tick = 0; tick < 1_200; tick++) {
      const due = clients[tick % 150];
      if (due !== undefined) say(due.writer, { clientId: due.id, clock: ++due.clock, state: { id: due.id } });
      clock.advance(100);
      for (const entries of told.slice(seen)) {
        for (const { clientId } of entries) {
          expect(clock.monotonic() - lastTold.get(clientId)!).toBeLessThan(30_000);
          lastTold.set(clientId, clock.monotonic());
        }
      }
      seen = told.length;
    }
    for (const at of lastTold.values()) expect(clock.monotonic() - at).toBeLessThan(30_000);
    expect(told.length).toBeLessThanOrEqual(120 / 5);
    expect(presence.size).toBe(30);
  });

  it('a change does not wait for renewals, and takes them along', () => {
    const one = new WatchedWriter();
    const two = new WatchedWriter();
    say(one, { clientId: 1, clock: 0, state: {} });
    say(two, { clientId: 2, clock: 0, state: {} });
    heard();
    say(one, { clientId: 1, clock: 2, state: {} });
    told.length = 0;
    say(one, { clientId: 1, clock: 3, state: {} });
    expect(told).toEqual([]);
    say(two, { clientId: 2, clock: 2, state: { moved: true } });
    expect(
      told
        .splice(0)
        .flat()
        .map(({ clientId }) => clientId)
        .sort((left, right) => left - right),
    ).toEqual([1, 2]);
    expect(heard()).toEqual([]);
  });
});

describe('time', () => {
  it('P2: what is not renewed is removed after 35 s, not before', () => {
    const owner = new WatchedWriter();
    say(owner, { clientId: 1, clock: 0, state: {} });
    heard();
    clock.advance(30_000);
    presence.expire();
    expect(presence.size).toBe(1);
    clock.advance(1);
    presence.expire();
    expect(heard()).toEqual([{ clientId: 1, clock: 2, state: null }]);
  });

  it('a renewal keeps it, whatever the wall clock does', () => {
    const owner = new WatchedWriter();
    for (let renewal = 0; renewal < 5; renewal++) {
      say(owner, { clientId: 1, clock: renewal * 3, state: {} });
      clock.advance(30_000);
      clock.setWall(Date.UTC(2030, renewal));
      presence.expire();
    }
    expect(presence.size).toBe(1);
  });

  it('O2: what is remembered of the gone is bounded in number and time', () => {
    const writer = new WatchedWriter();
    for (let clientId = 1; clientId <= 3_000; clientId++) {
      say(writer, { clientId, clock: 5, state: {} });
      say(writer, { clientId, clock: 5, state: null });
    }
    heard();
    presence.expire();
    say(new WatchedWriter(), { clientId: 1, clock: 0, state: {} });
    say(new WatchedWriter(), { clientId: 3_000, clock: 0, state: {} });
    // The longest gone is forgotten and begins anew; the last one is not.
    const [forgotten, remembered] = heard();
    expect(forgotten?.clock).toBe(1);
    expect(remembered?.clock).toBeGreaterThanOrEqual(7);
    say(writer, { clientId: 5_000, clock: 5, state: {} });
    say(writer, { clientId: 5_000, clock: 5, state: null });
    clock.advance(60_001);
    presence.expire();
    heard();
    say(new WatchedWriter(), { clientId: 5_000, clock: 0, state: {} });
    expect(heard()).toEqual([{ clientId: 5_000, clock: 1, state: {} }]);
  });

  it('O2: one that is pushed to the highest clock while it is away can still come back', () => {
    const squatter = new WatchedWriter();
    say(squatter, { clientId: 1, clock: 2 ** 32 - 1, state: {} });
    presence.leave(squatter);
    heard();
    const owner = new WatchedWriter();
    say(owner, { clientId: 1, clock: 3, state: { back: 1 } });
    const echo = heard()[0]!;
    // The owner's Awareness takes the clock it hears and goes on from there.
    expect(() => say(owner, { clientId: 1, clock: echo.clock + 1, state: { back: 2 } })).not.toThrow();
    expect(everybody()[0]?.state).toEqual({ back: 2 });
  });

  it('close leaves no timers', () => {
    const owner = new WatchedWriter();
    say(owner, { clientId: 1, clock: 0, state: {} });
    say(owner, { clientId: 1, clock: 2, state: {} }, { clientId: 2, clock: 0, state: { a: 1 } });
    say(owner, { clientId: 1, clock: 3, state: {} });
    expect(clock.pending).toBeGreaterThan(0);
    presence.close();
    expect(clock.pending).toBe(0);
  });
});
