// A14, A15, A16: the devices of users in random orders of connections, ends, renames, sign-outs, restarts and crashes, against a
// plain model. A failure prints its seed.

import { expect, it } from 'vitest';
import { settled } from '../../support/turns.js';
import { secrets, users, World } from './devices-world.js';

it.each(Array.from({ length: 12 }, (_, at) => at + 1))(
  'A14, A15, A16: lists, names and what is signed out are as in a plain model, seed %i',
  async (seed) => {
    const world = new World(seed);
    const { random, clock } = world;
    await world.start();
    for (let step = 0; step < 40; step++) {
      const user = random.pick(users);
      const known = [...(world.model.get(user)?.keys() ?? [])];
      const what = random.pick([
        'connect',
        'connect',
        'end',
        'rename',
        'sign-out',
        'wait',
        'wait',
        'restart',
        'crash',
      ] as const);
      if (what === 'connect') world.connect(user, random.pick(secrets));
      else if (what === 'end' && world.open.size > 0) world.end(random.pick([...world.open.keys()]));
      else if (what === 'rename' && known.length > 0) await world.rename(user, random.pick(known));
      else if (what === 'sign-out' && known.length > 0) await world.signOut(user, random.pick(known));
      else if (what === 'wait') clock.advance(random.pick([10, 1_500, 61_000, 400_000]));
      else if (what === 'restart') await world.restart();
      else if (what === 'crash') await world.crash();
      await settled();
      clock.advance(1);
      await world.check();
    }
    await world.devices.close();
    world.sessions.close();
  },
);

it('A14: what is seen is written at most once in a minute for each user, and in one batch for all', async () => {
  const world = new World(1);
  const { clock, store } = world;
  const batches: number[] = [];
  const write = store.setStates.bind(store);
  store.setStates = (changes) => {
    batches.push(changes.size);
    return write(changes);
  };
  await world.start();
  for (let second = 0; second < 300; second++) {
    for (const user of users) world.connect(user, secrets[second % 2]!);
    await settled();
    for (const session of Array.from(world.open.keys())) world.end(session);
    clock.advance(1_000);
    await settled();
  }
  expect(batches.length).toBeGreaterThanOrEqual(5);
  expect(batches.length).toBeLessThanOrEqual(6);
  expect(new Set(batches)).toEqual(new Set([users.length]));
  await world.devices.close();
  world.sessions.close();
});
