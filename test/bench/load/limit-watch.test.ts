import { describe, expect, test } from 'vitest';
import { limitOf, LimitWatch, type StretchReadings } from '../../../bench/load/limit-watch.js';
import { sendAtRate } from '../../../bench/load/schedule.js';

const calm: StretchReadings = {
  loadCpu: 0.3,
  busyShare: 0.4,
  lagMs: 6,
  othersCpu: 0.1,
  idleCpu: 1,
  isLate: false,
};

function spin(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe('what limits a measurement', () => {
  test('H5 a load process that is busy all the time is the limit', async () => {
    const watch = LimitWatch.start();
    for (let i = 0; i < 5; i++) {
      spin(60);
      await new Promise((resolve) => setImmediate(resolve));
    }
    // Where others took the cores meanwhile, that is said instead.
    const { limit, note } = watch.stop();
    expect(['load', 'machine']).toContain(limit);
    expect(note).toMatch(/%/);
  });

  test('H5 each limit is known by its numbers', () => {
    expect(limitOf(calm).limit).toBeUndefined();
    expect(limitOf({ ...calm, busyShare: 0.98 }).limit).toBe('load');
    expect(limitOf({ ...calm, lagMs: 80 }).limit).toBe('load');
    expect(limitOf({ ...calm, isLate: true })).toMatchObject({ limit: 'load', isLate: true });
    expect(limitOf({ ...calm, othersCpu: 0.9, idleCpu: 0.05 }).limit).toBe('machine');
    // Others who use what is left over take nothing away.
    expect(limitOf({ ...calm, othersCpu: 0.9, idleCpu: 0.8 }).limit).toBeUndefined();
    expect(limitOf({ ...calm, othersCpu: undefined, idleCpu: undefined }).limit).toBeUndefined();
  });

  test('H5 a schedule that was missed says so', async () => {
    const { sent, isLate } = await sendAtRate({
      perS: 100,
      seconds: 0.3,
      send: (i) => i === 5 && spin(150),
    });
    expect(sent).toBe(30);
    expect(isLate).toBe(true);
  });

  test('a schedule sends every index once, in order, at least one', async () => {
    const indexes: number[] = [];
    await sendAtRate({ perS: 2_000, seconds: 0.1, send: (i) => indexes.push(i) });
    expect(indexes).toEqual(Array.from({ length: 200 }, (_, i) => i));
    expect((await sendAtRate({ perS: 1, seconds: 0.01, send: () => {} })).sent).toBe(1);
  });
});
