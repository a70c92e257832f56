// The store contract on our adapters.

import { describe, test } from 'vitest';
import { systemClock } from '../../../shared/clock.js';
import { createMemoryStore } from '../../../server/store/memory-store.js';
import { openLevelStore } from '../../../server/store/level-store.js';
import { describeStore } from '../../contract/store.js';
import { makeDirectory } from './level-fixture.js';

describeStore(
  'memory',
  async () => ({ open: async () => createMemoryStore(), remove: async () => {} }),
  { describe, test },
  {
    isDurable: false,
  },
);

for (const durability of ['fsync', 'os', 'interval'] as const) {
  describeStore(
    `level, ${durability}`,
    async () => {
      const { directory, remove } = await makeDirectory();
      return { open: () => openLevelStore({ directory, durability, clock: systemClock }), remove };
    },
    { describe, test },
  );
}
