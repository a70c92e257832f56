// A14, A15, A16: the devices of users in random orders of connections, ends, renames, sign-outs, restarts and crashes, against a
// plain model. A failure prints its seed.

import { expect, it } from 'vitest';
import { settled } from '../../support/turns.js';
import { maxDeviceDays, secrets, users, World } from './devices-world.js';

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

async function connected(user: string): Promise<{ world: World; id: string }> {
  const world = new World(1);
  await world.start();
  world.connect(user, secrets[0]!);
  await settled();
  const [device] = await world.devices.listFor(user);
  return { world, id: device?.id ?? '' };
}

/** All sessions end, and then the server. */
async function ended(world: World): Promise<void> {
  const { devices, sessions, open } = world;
  for (const session of Array.from(open.keys())) world.end(session);
  await devices.close();
  sessions.close();
}

it('A17: what a user asks is bounded also where the user is on no device', async () => {
  const world = new World(1);
  await world.start();
  const refused = async (count: number): Promise<number> => {
    let refusals = 0;
    for (let at = 0; at < count; at++)
      await world.devices.list('ada').catch(({ code }: { code: string }) => {
        expect(code).toBe('RATE_LIMITED');
        refusals++;
      });
    return refusals;
  };
  expect(await refused(80)).toBe(20);
  expect(await world.devices.list('bob')).toEqual([]);
  world.clock.advance(5_000);
  expect(await refused(10)).toBe(5);
  world.clock.advance(600_000);
  expect(await refused(60)).toBe(0);
  await ended(world);
});

it('A14: who connects while the store cannot be read is listed when it can', async () => {
  const world = new World(1);
  const read = world.store.getState.bind(world.store);
  world.store.getState = () => Promise.reject(new Error('away'));
  await world.start();
  world.connect('ada', secrets[0]!);
  await settled();
  world.store.getState = read;
  expect(await world.devices.listFor('ada')).toEqual([]);
  world.clock.advance(5 * 60_000);
  await settled();
  expect((await world.devices.listFor('ada')).map(({ online }) => online)).toEqual([true]);
  await ended(world);
});

it('A15: a sign-out that is durable is told as done, and the device is gone from the list, also where that cannot be written', async () => {
  const { world, id } = await connected('ada');
  world.clock.advance(2_000);
  await settled();
  const write = world.store.setStates.bind(world.store);
  world.store.setStates = (changes) =>
    [...changes.keys()].some((key) => key.startsWith('devices/'))
      ? Promise.reject(new Error('full'))
      : write(changes);
  expect(await world.devices.endDevice('ada', id)).toBe(1);
  expect(world.open.size).toBe(0);
  // The server is killed before it has written that.
  world.store.setStates = write;
  world.sessions.close();
  await world.start();
  expect(await world.devices.listFor('ada')).toEqual([]);
  world.clock.advance(1_000);
  world.connect('ada', secrets[0]!);
  await settled();
  expect((await world.devices.listFor('ada')).map((one) => [one.id, one.online])).toEqual([[id, true]]);
  await ended(world);
});

it('A25: a device that was not seen for long is forgotten, also where its user never comes back', async () => {
  const { world } = await connected('ada');
  const day = 24 * 3_600_000;
  const stored = async (): Promise<number> => {
    let count = 0;
    for await (const [key] of world.store.listState('devices/')) count += key === '' ? 0 : 1;
    return count;
  };
  const daysLater = async (days: number): Promise<void> => {
    for (let at = 0; at < days; at++) {
      world.clock.advance(day);
      await settled();
    }
  };
  for (const session of Array.from(world.open.keys())) world.end(session);
  await daysLater(maxDeviceDays - 5);
  for (const secret of secrets.slice(0, 2)) world.connect('bob', secret);
  await settled();
  for (const session of Array.from(world.open.keys())) world.end(session);
  expect(await stored()).toBe(1);
  await daysLater(7);
  expect(await stored()).toBe(1);
  expect(await world.devices.listFor('ada')).toEqual([]);
  // One of two comes again, and stays.
  world.connect('bob', secrets[1]!);
  await settled();
  world.end([...world.open.keys()][0]!);
  await daysLater(maxDeviceDays - 5);
  expect((await world.devices.listFor('bob')).length).toBe(1);
  await daysLater(maxDeviceDays);
  expect(await stored()).toBe(0);
  await ended(world);
});

it('A18: a device that is forgotten is out of the list, and nothing ends', async () => {
  const { world, id } = await connected('ada');
  await world.devices.forget('ada', id);
  expect(await world.devices.listFor('ada')).toEqual([]);
  expect(world.open.size).toBe(1);
  await expect(world.devices.forget('ada', id)).rejects.toMatchObject({ code: 'DEVICE_UNKNOWN' });
  for (const session of Array.from(world.open.keys())) world.end(session);
  world.connect('ada', secrets[0]!);
  await settled();
  expect((await world.devices.listFor('ada')).map((one) => one.id)).toEqual([id]);
  await ended(world);
});

it('A16: a name that cannot be written is taken back, but not one that was given meanwhile', async () => {
  const { world, id } = await connected('ada');
  world.clock.advance(2_000);
  await settled();
  const write = world.store.setStates.bind(world.store);
  let fail = (): void => {};
  world.store.setStates = () => new Promise((_resolve, reject) => (fail = () => reject(new Error('full'))));
  const first = world.devices.renameFor('ada', id, 'first');
  await settled();
  const second = world.devices.renameFor('ada', id, 'second');
  await settled();
  world.store.setStates = write;
  fail();
  await expect(first).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  await second;
  expect((await world.devices.listFor('ada')).map(({ name }) => name)).toEqual(['second']);
  await ended(world);
});
