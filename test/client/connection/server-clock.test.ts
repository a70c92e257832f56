// The server's clock from round trips: the shortest counts, and those of before a clock was set do not.

import { describe, expect, it } from 'vitest';
import { ServerClock } from '../../../client/connection/server-clock.js';
import { SeededRandom } from '../../support/seeded-random.js';

describe('the server’s clock', () => {
  it('K81: is 0 before anything is known, and that of the shortest round trip then', () => {
    const clock = new ServerClock();
    expect(clock.offsetMs).toBe(0);
    clock.add(0, 1_000_000 + 1_900, 2_000);
    expect(clock.offsetMs).toBe(1_000_900);
    clock.add(5_000, 1_000_000 + 5_002, 5_004);
    expect(clock.offsetMs).toBe(1_000_000);
    clock.add(9_000, 1_000_000 + 9_000, 12_000);
    expect(clock.offsetMs).toBe(1_000_000);
  });

  it('K81: wants another round trip as long as all took long, but not for ever', () => {
    const clock = new ServerClock();
    expect(clock.isVague).toBe(true);
    clock.add(0, 0, 500);
    expect(clock.isVague).toBe(true);
    clock.add(1_000, 1_005, 1_010);
    expect(clock.isVague).toBe(false);
    const slow = new ServerClock();
    for (let n = 0; n < 4; n++) slow.add(n * 1_000, n * 1_000 + 250, n * 1_000 + 500);
    expect(slow.isVague).toBe(false);
  });

  it('K81: forgets what it knew when this device’s clock is set', () => {
    const clock = new ServerClock();
    clock.add(0, 1, 2);
    clock.add(3_600_000 + 5_000, 5_150, 3_600_000 + 5_300);
    expect(clock.offsetMs).toBe(-3_600_000);
  });

  it('K81: is right within half the shortest round trip, whatever the ways take', () => {
    for (const seed of [1, 2, 3]) {
      const random = new SeededRandom(seed);
      const offset = random.int(10_000_000) - 5_000_000;
      const clock = new ServerClock();
      const trips: number[] = [];
      let now = 0;
      for (let n = 0; n < 200; n++) {
        const [there, back] = [random.int(400), random.int(400)];
        clock.add(now, now + there + offset, now + there + back);
        trips.push(there + back);
        now += 1_000 + random.int(10_000);
        const shortest = Math.min(...trips.slice(-8));
        expect(Math.abs(clock.offsetMs - offset), `seed ${seed}`).toBeLessThanOrEqual(shortest / 2);
      }
    }
  });
});
