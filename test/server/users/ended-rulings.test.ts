// What is forgotten of rulings when they have ended, whoever made them.

import { expect, it } from 'vitest';
import { AccessLedger } from '../../../server/auth/access-ledger.js';
import { rulingPrefix } from '../../../server/auth/rulings.js';
import { SessionRegistry } from '../../../server/session/session-registry.js';
import { createMemoryStore } from '../../../server/store/memory-store.js';
import { Devices } from '../../../server/users/devices.js';
import { Users } from '../../../server/users/users.js';
import { defaultLimits } from '../../../shared/limits.js';
import { silentLogger } from '../../../shared/logger.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { settled } from '../../support/turns.js';

const maxTokenLifeS = 3_600;

async function rulings(store: ReturnType<typeof createMemoryStore>): Promise<string[]> {
  const keys: string[] = [];
  for await (const [key] of store.listState(rulingPrefix)) keys.push(key);
  return keys;
}

it('A5: a sign-out that a device has made is forgotten when the last token that it concerns has expired', async () => {
  const clock = createFakeClock();
  const store = createMemoryStore();
  const ledger = await AccessLedger.load(store, clock);
  const sessions = new SessionRegistry(clock);
  const deps = { store, ledger, sessions, clock, logger: silentLogger, limits: defaultLimits, maxTokenLifeS };
  const devices = new Devices(deps);
  const users = new Users({ ...deps, devices });
  const at = clock.now();
  await ledger.signOut({
    kind: 'signed-out',
    user: 'ada',
    device: 'phone',
    sids: [],
    jtis: [],
    at,
    until: at + maxTokenLifeS * 1000,
  });
  expect(await rulings(store)).toHaveLength(1);
  clock.advance(maxTokenLifeS * 1000 - 1);
  await settled();
  expect(await rulings(store)).toHaveLength(1);
  clock.advance(1);
  await settled();
  expect(await rulings(store)).toEqual([]);
  expect(ledger.nextEnd).toBeUndefined();
  users.close();
  await devices.close();
});
