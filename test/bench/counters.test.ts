// Costs that are counted, not timed, against their budgets. A change that makes one of them larger fails here; raise the
// budget only together with the reason.

import { describe, expect, test } from 'vitest';
import { budgets, counterTable, measureCounters } from './counters/measure-counters.js';
import { countRooms } from './counters/rooms.js';

/** Measured beside these, where a tool for it is there: test/bench/process/. */
const countedElsewhere = /^(systemCalls|instructions)\./;

describe('counted costs', () => {
  test('H11 each is within its budget, and each budget is of something that is counted', async () => {
    const counters = await measureCounters();
    console.log(counterTable(counters));
    const names = Object.keys(budgets).filter((name) => !countedElsewhere.test(name));
    expect(Object.keys(counters).sort()).toEqual(names.sort());
    for (const [name, value] of Object.entries(counters)) {
      const { budget, what } = budgets[name]!;
      expect(value, `${name}: ${what}`).toBeLessThanOrEqual(budget);
      // A budget far above what is counted guards nothing. What is allocated varies with the version of Node.
      if (!name.startsWith('allocated.'))
        expect(value, `the budget of ${name} is too large`).toBeGreaterThan(budget * 0.6);
    }
  }, 120_000);

  test('H11 the counts are the same each time', async () => {
    const load = { rooms: 2, writers: 3, readers: 5, everyMs: 2, updates: 120 };
    expect(await countRooms(load)).toEqual(await countRooms(load));
  });
});
