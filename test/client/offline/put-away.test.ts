// A page that is put away, for the way back or frozen: its copy lets go of what the browser holds for it, and comes back.

import { describe, expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import { clearOfflineCopy } from '../../../client/offline/offline-copies.js';
import type { Returned } from '../../../client/offline/copy-return.js';
import { Device, updateOf, type Tab } from '../../support/offline-device.js';
import { settled } from '../../support/turns.js';

/** What the copy tells when it is back. */
function heardBy(tab: Tab): Returned[] {
  const heard: Returned[] = [];
  tab.copy.on('returned', (returned) => {
    heard.push(returned);
    if (returned.update !== undefined) Y.applyUpdate(tab.doc, returned.update, tab);
  });
  return heard;
}

describe('a page that is put away', () => {
  test('I31 while the device was full stores what it has when there is room again', async () => {
    const device = new Device();
    const tab = await device.opened();
    const add = vi.spyOn(IDBObjectStore.prototype, 'add').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    tab.type('kept ');
    await device.pass(300);
    tab.copy.leave();
    await settled(30);
    add.mockRestore();
    tab.copy.comeBack();
    await device.pass(30_000, 500);
    tab.type('more');
    await device.pass(30_000, 500);
    expect([tab.copy.isSaved, await device.storedText()]).toEqual([true, 'kept more']);
  });

  test('I31 holds no lock from then on, stores what was handed in, and is back with all it had', async () => {
    const device = new Device();
    const tab = await device.opened();
    const heard = heardBy(tab);
    tab.type('a');
    tab.copy.leave();
    await settled(30);
    expect(device.locks.names).toEqual([]);
    expect([tab.copy.isSaved, await device.storedText()]).toEqual([false, 'a']);
    tab.copy.comeBack();
    await device.pass(100);
    expect(device.locks.names).toHaveLength(3);
    expect([tab.copy.isSaved, heard.length, heard[0]?.hasOthersPending]).toEqual([true, 1, false]);
    tab.type('b');
    await device.pass(200);
    expect([tab.text, await device.storedText()]).toEqual(['ab', 'ab']);
    // Its edits are counted as before: both are durable now, and none is pending at the next load.
    tab.copy.durable(2);
    await device.pass(1_500);
    await tab.copy.close();
    expect((await device.tab().load()).pending).toEqual([]);
    expect(device.clock.pending).toBeLessThanOrEqual(1);
  });

  test('I31 another tab stores all meanwhile, brings the edits that were left, and is heard on the way back', async () => {
    const device = new Device();
    const tab = await device.opened();
    const heard = heardBy(tab);
    tab.type('left');
    tab.copy.leave();
    await settled(30);
    const other = device.tab();
    expect((await other.load()).pending).toHaveLength(1);
    expect(other.text).toBe('left');
    other.receive(updateOf('from the server '), { epoch: 'e', offset: 7 });
    other.type(' and more');
    await device.pass(300);
    expect(other.copy.isSaved).toBe(true);
    tab.copy.comeBack();
    await device.pass(200);
    expect(heard.map(({ hasOthersPending }) => hasOthersPending)).toEqual([true]);
    expect(tab.text).toBe(other.text);
    // The writer is the other one still, and this one is known to be there.
    tab.type('!');
    await device.pass(3_000);
    expect([tab.copy.isSaved, other.copy.isSaved]).toEqual([true, true]);
    other.kill();
    const third = await device.opened();
    expect(third.text).toContain('!');
    await Promise.all([tab, third].map(({ copy }) => copy.close()));
  });

  test('I31 edits of a tab that died meanwhile are found on the way back', async () => {
    const device = new Device();
    const tab = await device.opened();
    const heard = heardBy(tab);
    tab.copy.leave();
    await settled(30);
    const other = await device.opened();
    other.type('of the other');
    await other.copy.flush();
    other.kill();
    tab.copy.comeBack();
    await device.pass(200);
    expect([tab.text, heard.map(({ hasOthersPending }) => hasOthersPending)]).toEqual([
      'of the other',
      [true],
    ]);
    await tab.copy.close();
  });

  test('I31 a copy that was deleted meanwhile ends, and is not made again', async () => {
    const device = new Device();
    const tab = await device.opened();
    tab.type('secret');
    tab.copy.leave();
    await settled(30);
    await clearOfflineCopy('doc', { ...device.deps, timeoutMs: 5_000 });
    tab.copy.comeBack();
    await device.pass(200);
    expect(tab.errors.map(({ code }) => code)).toEqual(['OFFLINE_DELETED']);
    tab.type(' more');
    await device.pass(2_000);
    expect((await device.factory.databases()).map(({ name }) => name)).not.toContain('doc');
    await tab.copy.close();
    expect(device.locks.names).toEqual([]);
  });

  test('I31 is tried again where the database does not open on the way back', async () => {
    const device = new Device();
    const tab = await device.opened();
    tab.copy.leave();
    await settled(30);
    vi.spyOn(device.factory, 'open').mockImplementationOnce(() => {
      throw new DOMException('lost', 'UnknownError');
    });
    tab.copy.comeBack();
    await device.pass(200);
    tab.type('a');
    expect([tab.copy.error?.code, tab.copy.isSaved]).toEqual(['OFFLINE_FAILED', false]);
    await device.pass(5_000);
    expect([tab.copy.error, tab.copy.isSaved, await device.storedText()]).toEqual([undefined, true, 'a']);
    await tab.copy.close();
  });

  test('I31 is put away again and again, also before it was back, and can be closed at any time', async () => {
    const device = new Device();
    const tab = await device.opened();
    for (let round = 0; round < 5; round++) {
      tab.copy.leave();
      tab.copy.leave();
      tab.copy.comeBack();
      await settled(round);
    }
    tab.copy.comeBack();
    await device.pass(500);
    tab.type('a');
    await device.pass(300);
    expect([tab.copy.isSaved, device.locks.names.length, await device.storedText()]).toEqual([true, 3, 'a']);
    tab.copy.leave();
    await settled(10);
    tab.copy.comeBack();
    tab.type('b');
    await tab.copy.close();
    expect([device.locks.names, await device.storedText()]).toEqual([[], 'ab']);
  });
});
