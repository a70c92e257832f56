// A server's name for itself, over runs and stores.

import { expect, it } from 'vitest';
import { serverIdentity } from '../../../server/session/server-identity.js';
import { createMemoryStore } from '../../../server/store/memory-store.js';

it('N17: the store keeps the name, each run has a name of its own, and another store is another server', async () => {
  const store = createMemoryStore();
  const first = await serverIdentity(store);
  const second = await serverIdentity(store);
  expect(second.server).toBe(first.server);
  expect(second.run).not.toBe(first.run);
  expect((await serverIdentity(createMemoryStore())).server).not.toBe(first.server);
});
