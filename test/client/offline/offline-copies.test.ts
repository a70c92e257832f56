// All copies of a device: the list, clearing one, and making room.

import { describe, expect, test } from 'vitest';
import {
  clearOfflineCopy,
  evictOfflineCopies,
  listOfflineCopies,
} from '../../../client/offline/offline-copies.js';
import { noLocks } from '../../support/memory-locks.js';
import { Device, result, updateOf } from '../../support/offline-device.js';

const position = { epoch: 'e', offset: 7 };

/** A closed copy of about so many bytes, all of it on the server. */
async function leaveCopy(device: Device, name: string, bytes = 10_000): Promise<void> {
  const tab = await device.opened(name);
  tab.receive(updateOf('x'.repeat(bytes)), position);
  await tab.copy.close();
  device.clock.advance(1_000);
}

const namesOf = async (device: Device): Promise<string[]> =>
  (await listOfflineCopies(device.deps)).map(({ name }) => name).sort();

describe('copies of a device', () => {
  test('I14 the list says of each copy what it holds, and is kept true while it is open', async () => {
    const device = new Device();
    const openedAt = device.clock.now();
    const tab = await device.opened('one');
    await device.pass(100);
    expect(await device.listed()).toEqual([
      { name: 'one', bytes: 0, rows: 0, lastOpenedAt: openedAt, hasUnsynced: false },
    ]);
    tab.type('unsynced');
    await device.pass(6_000, 500);
    const [one] = await device.listed();
    expect(one).toMatchObject({ rows: 1, hasUnsynced: true });
    expect(one!.bytes).toBeGreaterThan(8);
    tab.copy.durable(1);
    await tab.copy.close();
    expect((await device.listed())[0]).toMatchObject({ hasUnsynced: false });
  });

  test('I14 a database that was deleted disappears from the list', async () => {
    const device = new Device();
    await leaveCopy(device, 'one');
    await leaveCopy(device, 'two');
    await result(device.factory.deleteDatabase('one'));
    expect(await namesOf(device)).toEqual(['two']);
    // Where the browser does not tell which databases there are, all are listed.
    await leaveCopy(device, 'one');
    Object.defineProperty(device.factory, 'databases', { value: undefined });
    await result(device.factory.deleteDatabase('one'));
    expect(await namesOf(device)).toEqual(['one', 'two']);
  });

  test('I14 no document can be in the way of the list', async () => {
    const device = new Device();
    await leaveCopy(device, 'heddle');
    expect(await namesOf(device)).toEqual(['heddle']);
  });

  test('I15 clearing resolves when the database is gone, and open tabs let go for good', async () => {
    const device = new Device();
    const tabs = [await device.opened(), await device.opened()];
    tabs[0]!.type('secret');
    await tabs[0]!.copy.flush();
    await clearOfflineCopy('doc', device.deps);
    expect((await device.factory.databases()).map(({ name }) => name)).not.toContain('doc');
    for (const tab of tabs) {
      expect(tab.errors.map(({ code }) => code)).toEqual(['OFFLINE_DELETED']);
      tab.type('not again');
    }
    await device.pass(10_000, 1_000);
    expect((await device.factory.databases()).map(({ name }) => name)).not.toContain('doc');
    expect(await device.listed()).toEqual([]);
    expect((await device.opened()).text).toBe('');
  });

  test('I15 clearing what somebody does not let go of is refused in time', async () => {
    const device = new Device();
    const stubborn = await result(device.factory.open('doc'));
    const clearing = clearOfflineCopy('doc', device.deps).catch((error: unknown) => error);
    await device.pass(5_000, 1_000);
    expect(await clearing).toMatchObject({ code: 'OFFLINE_BLOCKED' });
    stubborn.close();
  });

  test('I15 clearing what is not there is fine', async () => {
    await clearOfflineCopy('nothing', new Device().deps);
  });

  test('I16 the copies opened longest ago go first, until the rest has room', async () => {
    const device = new Device();
    for (const name of ['a', 'b', 'c', 'd']) await leaveCopy(device, name);
    await leaveCopy(device, 'a', 10);
    expect(await evictOfflineCopies({ maxBytes: 100_000 }, device.deps)).toEqual([]);
    expect(await evictOfflineCopies({ maxBytes: 25_000 }, device.deps)).toEqual(['b', 'c']);
    expect(await namesOf(device)).toEqual(['a', 'd']);
    expect((await device.factory.databases()).length).toBe(3);
  });

  test('I16 what may not be on the server, or is open, stays', async () => {
    const device = new Device();
    await leaveCopy(device, 'evictable');
    const pending = await device.opened('pending');
    pending.type('unsynced');
    pending.copy.reached(position);
    await pending.copy.close();
    const unknown = await device.opened('no position');
    unknown.receive(updateOf('x'));
    await unknown.copy.close();
    await leaveCopy(device, 'strange rows');
    await device.within('strange rows', async (rows) => void rows.add(updateOf('y')));
    await leaveCopy(device, 'open');
    await device.opened('open');
    await leaveCopy(device, 'newer');
    await device.within('newer', async (_, records) => void records.put({ version: 2 }, 'heddle'));
    const before = await namesOf(device);
    expect(await evictOfflineCopies({ maxBytes: 0 }, device.deps)).toEqual(['evictable']);
    expect(await namesOf(device)).toEqual(before.filter((name) => name !== 'evictable'));
    expect((await device.opened('pending')).text).toBe('unsynced');
  });

  test('I16 without Web Locks nobody knows what is open, and nothing goes', async () => {
    const device = new Device();
    await leaveCopy(device, 'one');
    expect(await evictOfflineCopies({ maxBytes: 0 }, { ...device.deps, locks: noLocks })).toEqual([]);
  });
});
