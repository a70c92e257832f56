// When the server counts as busy.

import { expect, it } from 'vitest';
import { LoadMeter } from '../../../server/room/load-meter.js';
import { createFakeClock } from '../../support/fake-clock.js';

it('R6: the server is busy from half of its time on, until it uses less than a third', () => {
  const clock = createFakeClock();
  let used = 0;
  const meter = new LoadMeter(clock, () => used);
  const seen = [0.1, 0.49, 0.5, 0.9, 0.4, 0.31, 0.29, 0.4].map((share) => {
    used += share * 250;
    clock.advance(250);
    return meter.isBusy;
  });
  expect(seen).toEqual([false, false, true, true, true, true, false, false]);
  meter.close();
  expect(clock.pending).toBe(0);
});
