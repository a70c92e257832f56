// Backoff, heartbeat and the server's clock.

import { beforeEach, describe, expect, it } from 'vitest';
import { Backoff } from '../../../client/connection/backoff.js';
import { Heartbeat } from '../../../client/connection/heartbeat.js';
import { ServerClock } from '../../../client/connection/server-clock.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';

describe('backoff', () => {
  const options = { firstMs: 500, maxMs: 30_000 };

  it('doubles its window up to the longest, and takes any time in it', () => {
    const [least, most] = [new Backoff(() => 0, options), new Backoff(() => 1, options)];
    expect(Array.from({ length: 8 }, () => least.next(0))).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(Array.from({ length: 8 }, () => most.next(0))).toEqual([
      500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
    ]);
    for (let i = 0; i < 2_000; i++) most.next(0);
    expect(most.next(0)).toBe(30_000);
  });

  it('is never sooner than the server asks, and begins anew after a success', () => {
    const backoff = new Backoff(() => 0.5, options);
    expect(backoff.next(10_000)).toBe(10_250);
    backoff.reset();
    expect(backoff.next(0)).toBe(250);
  });

  it('K27: begins anew only after what has lasted, and believes no endless wait', () => {
    const backoff = new Backoff(() => 1, options);
    for (const wait of [500, 1_000, 2_000]) {
      expect(backoff.next(0)).toBe(wait);
      backoff.began(0);
      backoff.ended(9_999);
    }
    backoff.began(0);
    backoff.ended(10_000);
    expect(backoff.next(0)).toBe(500);
    expect(backoff.next(86_400_000)).toBe(601_000);
  });
});

describe('heartbeat', () => {
  let clock: FakeClock;
  let pings: number[];
  let deadAt: number | undefined;
  let heartbeat: Heartbeat;

  beforeEach(() => {
    clock = createFakeClock();
    pings = [];
    deadAt = undefined;
    const ping = (): void => void pings.push(clock.monotonic());
    heartbeat = new Heartbeat({ clock, ping, dead: () => (deadAt = clock.monotonic()) });
    heartbeat.start();
  });

  it('asks after a silence, and gives up within ten seconds', () => {
    for (let i = 0; i < 20_000; i += 100) clock.advance(100);
    expect(pings).toEqual([5_000]);
    expect(deadAt).toBe(9_000);
    expect(clock.pending).toBe(0);
  });

  it('does not ask while there is something to hear', () => {
    for (let i = 0; i < 20_000; i += 100) {
      clock.advance(100);
      if (i % 3_000 === 0) heartbeat.heard();
    }
    expect(pings).toEqual([]);
  });

  describe('K54: with a server that allows silence', () => {
    let isHidden = false;
    let bytes = 0;

    beforeEach(() => {
      [isHidden, bytes] = [false, 0];
      heartbeat.stop();
      const ping = (): void => {
        pings.push(clock.monotonic());
        heartbeat.heard();
      };
      heartbeat = new Heartbeat({
        clock,
        ping,
        dead: () => (deadAt = clock.monotonic()),
        bytesOnWay: () => bytes,
        isHidden: () => isHidden,
        patienceMs: () => 30_000,
      });
      heartbeat.start();
    });

    const pass = (ms: number): void => {
      for (let i = 0; i < ms; i += 100) clock.advance(100);
    };

    it('asks that seldom while nothing is waited for', () => {
      pass(95_000);
      expect(pings.length).toBe(3);
      expect(deadAt).toBeUndefined();
    });

    it('asks as soon as ever when something was said and not answered, or is on its way', () => {
      pass(12_000);
      heartbeat.said();
      pass(5_000);
      expect(pings).toEqual([17_000]);
      bytes = 10;
      heartbeat.said();
      pass(20_000);
      expect(pings).toEqual([17_000, 22_000, 27_000, 32_000, 37_000]);
    });

    it('asks seldom while nobody sees the page, whatever is on its way', () => {
      isHidden = true;
      bytes = 10;
      heartbeat.said();
      pass(60_000);
      expect(pings.length).toBeLessThanOrEqual(2);
    });
  });

  it('N22: waits while what was sent before the question leaves, however slowly', () => {
    let bytes = 0;
    heartbeat.stop();
    const dead = (): void => void (deadAt = clock.monotonic());
    heartbeat = new Heartbeat({
      clock,
      ping: () => pings.push(clock.monotonic()),
      dead,
      bytesOnWay: () => bytes,
    });
    heartbeat.start();
    bytes = 40_000;
    for (let i = 0; i < 60_000; i += 100) {
      clock.advance(100);
      if (i % 8_000 === 0) bytes -= 1_000;
    }
    expect([pings, deadAt]).toEqual([[5_000], undefined]);
    const leftAt = clock.monotonic();
    clock.advance(4_000);
    for (let i = 0; i < 20_000; i += 100) clock.advance(100);
    expect(deadAt).toBeGreaterThan(leftAt);
    expect(deadAt).toBeLessThan(leftAt + 15_000);
  });

  it('goes on after an answer', () => {
    for (let i = 0; i < 20_000; i += 100) {
      clock.advance(100);
      if (pings.at(-1) === clock.monotonic() - 100) heartbeat.heard();
    }
    expect(pings.length).toBe(3);
    expect(deadAt).toBeUndefined();
  });

  it('asks again after a sleep, and at once when told to', () => {
    clock.advance(5_000);
    // An hour in one step, as timers of a page that was asleep come late.
    let asleep = 0;
    const sleepy = { ...clock, monotonic: () => clock.monotonic() + asleep };
    heartbeat.stop();
    const ping = (): void => void pings.push(clock.monotonic());
    heartbeat = new Heartbeat({ clock: sleepy, ping, dead: () => (deadAt = clock.monotonic()) });
    heartbeat.start();
    heartbeat.check();
    asleep = 3_600_000;
    clock.advance(4_000);
    expect(deadAt).toBeUndefined();
    expect(pings).toEqual([5_000, 5_000, 9_000]);
    clock.advance(4_000);
    expect(deadAt).toBe(13_000);
  });

  it('is silent once stopped', () => {
    heartbeat.stop();
    heartbeat.check();
    clock.advance(60_000);
    expect([pings, deadAt, clock.pending]).toEqual([[], undefined, 0]);
  });
});

describe('the server’s clock', () => {
  it('is taken from the shortest of the last round trips', () => {
    const clock = new ServerClock();
    expect(clock.offsetMs).toBe(0);
    clock.add(1_000, 6_100, 1_400);
    expect(clock.offsetMs).toBe(4_900);
    clock.add(2_000, 7_010, 2_020);
    expect(clock.offsetMs).toBe(5_000);
    clock.add(3_000, 8_800, 3_900);
    expect(clock.offsetMs).toBe(5_000);
    for (let i = 0; i < 8; i++) clock.add(4_000, 10_000, 4_100);
    expect(clock.offsetMs).toBe(5_950);
  });

  it('learns nothing from a trip that ended before it began', () => {
    const clock = new ServerClock();
    clock.add(1_000, 5_000, 900);
    expect(clock.offsetMs).toBe(0);
  });
});
