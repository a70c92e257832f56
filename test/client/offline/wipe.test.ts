// A wipe of all copies of a device, and what a page that goes away in the middle leaves to the next.

import { describe, expect, test } from 'vitest';
import { beginWipe, finishWipe, isWipeUnfinished } from '../../../client/offline/wipe.js';
import { openCopies, unsyncedCopies } from '../../../client/offline/offline-copies.js';
import type { Locks } from '../../../client/platform/locks.js';
import { noLocks } from '../../support/memory-locks.js';
import { Device, result, updateOf } from '../../support/offline-device.js';

/** A closed copy with an edit that the server lacks. */
async function leaveCopy(device: Device, name: string, user?: string): Promise<void> {
  const owner = user === undefined ? undefined : async () => ({ url: 'ws://server/', server: 'one', user });
  const tab = await device.opened(name, { owner });
  tab.type(`secret of ${user}`);
  await tab.copy.close();
}

const databasesOf = async (device: Device): Promise<string[]> =>
  (await device.factory.databases()).flatMap(({ name }) => name ?? []).filter((name) => name !== './heddle');

describe('a wipe', () => {
  test('I20 reaches the copies of all users and servers', async () => {
    const device = new Device();
    for (const user of ['alice', 'bob', 'carol']) await leaveCopy(device, 'doc', user);
    await leaveCopy(device, 'other');
    expect(await databasesOf(device)).toHaveLength(4);
    beginWipe(device.clock.now());
    await finishWipe(device.deps);
    expect([await databasesOf(device), await device.listed(), isWipeUnfinished()]).toEqual([[], [], false]);
  });

  test('I20 a page that goes away in the middle leaves it to the next that opens a copy', async () => {
    const device = new Device();
    for (const name of ['one', 'two']) await leaveCopy(device, name);
    // The page is gone before it has deleted anything.
    beginWipe(device.clock.now());
    const next = await device.opened('one');
    expect([next.text, await databasesOf(device), isWipeUnfinished()]).toEqual(['', ['one'], false]);
    next.type('made after it');
    await next.copy.close();
    expect((await device.opened('one')).text).toBe('made after it');
  });

  test('I20 what cannot be deleted keeps it unfinished, and no copy is opened until it is', async () => {
    const device = new Device();
    for (const name of ['held', 'other']) await leaveCopy(device, name);
    const stubborn = await result(device.factory.open('held'));
    beginWipe(device.clock.now());
    const failed = finishWipe(device.deps).catch((error: unknown) => error);
    await device.pass(6_000, 1_000);
    expect(await failed).toMatchObject({ code: 'OFFLINE_BLOCKED' });
    expect([await databasesOf(device), isWipeUnfinished()]).toEqual([['held'], true]);
    const next = device.tab('other');
    const refused = next.load().catch((error: unknown) => error);
    await device.pass(6_000, 1_000);
    expect([await refused, next.copy.isUnread]).toMatchObject([{ code: 'OFFLINE_TIMEOUT' }, true]);
    stubborn.close();
    await device.pass(20_000, 1_000);
    expect([isWipeUnfinished(), next.copy.isUnread, await databasesOf(device)]).toEqual([
      false,
      false,
      ['other'],
    ]);
  });

  test('I20 a page that is late with it deletes nothing that was made after it', async () => {
    const device = new Device();
    await leaveCopy(device, 'doc');
    beginWipe(device.clock.now());
    const { locks } = device.deps;
    let begin = (): void => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const lateLocks: Locks = {
      held: () => locks.held(),
      request: (...request) => begun.then(() => locks.request(...request)),
    };
    const late = finishWipe({ ...device.deps, locks: lateLocks });
    const next = await device.opened('doc');
    next.type('new');
    await next.copy.flush();
    begin();
    await late;
    await next.copy.close();
    expect([next.errors, (await device.opened('doc')).text]).toEqual([[], 'new']);
  });

  test('I21 every open copy ends, and stores nothing afterwards', async () => {
    const device = new Device();
    const tabs = [await device.opened('doc'), await device.opened('doc'), await device.opened('other')];
    for (const tab of tabs) tab.type('secret');
    beginWipe(device.clock.now());
    await finishWipe(device.deps);
    for (const tab of tabs) tab.type('more');
    await device.pass(10_000, 1_000);
    for (const { errors } of tabs) expect(errors).toMatchObject([{ code: 'OFFLINE_DELETED' }]);
    expect(await databasesOf(device)).toEqual([]);
  });

  test('I21 a copy that could not be opened before is not made afterwards', async () => {
    const device = new Device();
    const deps = { ...device.deps, encodeDocument: () => updateOf('all of it') };
    let isSlow = true;
    const factory = new Proxy(device.factory, {
      get(target, key): unknown {
        if (key === 'open' && isSlow)
          return () => {
            throw new DOMException('lost', 'UnknownError');
          };
        const value: unknown = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const late = device.tab('late', { ...deps, factory });
    await late.load().catch(() => {});
    expect(late.copy.isUnread).toBe(true);
    late.type('secret');
    beginWipe(device.clock.now());
    await finishWipe(device.deps);
    isSlow = false;
    await device.pass(20_000, 1_000);
    expect([late.copy.isUnread, late.errors.map(({ code }) => code)]).toEqual([false, ['OFFLINE_DELETED']]);
    expect(await databasesOf(device)).toEqual([]);
  });
});

test('I22 the list says at once that a copy has edits which the server may lack', async () => {
  const device = new Device();
  const tab = await device.opened('doc');
  await device.pass(100);
  tab.type('unsynced');
  await device.pass(200);
  expect(await device.listed()).toMatchObject([{ hasUnsynced: true }]);
  tab.copy.durable(1);
  await device.pass(7_000, 500);
  expect(await device.listed()).toMatchObject([{ hasUnsynced: false }]);
});

test('I23, I24 which copies may hold what the server lacks, and which of them are open', async () => {
  const device = new Device();
  const synced = await device.opened('synced');
  synced.receive(updateOf('x'), { epoch: 'e', offset: 7 });
  await synced.copy.close();
  await leaveCopy(device, 'closed');
  const open = await device.opened('open');
  open.type('x');
  await open.copy.flush();
  await leaveCopy(device, 'newer');
  await device.within('newer', async (_, records) => void records.put({ version: 2 }, 'heddle'));
  expect(new Set(await unsyncedCopies(device.deps))).toEqual(new Set(['closed', 'open', 'newer']));
  expect(await openCopies(device.deps)).toEqual(new Set(['open']));
  expect(await openCopies({ ...device.deps, locks: noLocks })).toBeUndefined();
});
