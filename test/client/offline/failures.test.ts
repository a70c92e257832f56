// What goes wrong with a database: it is told by a typed error, nothing hangs, and nothing that can be kept is lost.

import { forceCloseDatabase } from 'fake-indexeddb';
import { afterEach, describe, expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import type { OfflineErrorCode } from '../../../client/offline/offline-error.js';
import { Device, result, updateOf, type Tab } from '../../support/offline-device.js';
import { settled } from '../../support/turns.js';

afterEach(() => {
  vi.restoreAllMocks();
});

const codesOf = (tab: Tab): OfflineErrorCode[] => tab.errors.map(({ code }) => code);

/** Every write is refused from now on, as on a full device. */
function fillDevice() {
  return vi.spyOn(IDBObjectStore.prototype, 'add').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError');
  });
}

async function expectRefused(tab: Tab, code: OfflineErrorCode, device: Device): Promise<void> {
  await expect(tab.load()).rejects.toMatchObject({ name: 'OfflineError', code });
  expect(tab.copy.error?.code).toBe(code);
  tab.type('goes on in memory');
  expect(tab.copy.isSaved).toBe(false);
  await expect(tab.copy.flush()).rejects.toMatchObject({ code });
  await tab.copy.close();
  expect(device.locks.names).toEqual([]);
}

describe('failures of the offline copy', () => {
  test('I10 an open that never comes ends in OFFLINE_TIMEOUT, and one that comes too late is closed', async () => {
    const device = new Device();
    const { factory } = device;
    const late = factory.open('doc', 1);
    late.addEventListener('upgradeneeded', () => {
      late.result.createObjectStore('updates', { autoIncrement: true });
      late.result.createObjectStore('custom');
    });
    const database = await result(late);
    const silent = new EventTarget() as IDBOpenDBRequest;
    vi.spyOn(factory, 'open').mockImplementation(() => silent);
    const tab = device.tab();
    const loading = tab.load().catch((error: unknown) => error);
    await settled();
    device.clock.advance(5_000);
    expect(await loading).toMatchObject({ code: 'OFFLINE_TIMEOUT' });
    const close = vi.spyOn(database, 'close');
    Object.defineProperty(silent, 'result', { value: database });
    silent.dispatchEvent(new Event('success'));
    expect(close).toHaveBeenCalledOnce();
    await tab.copy.close();
    expect(device.clock.pending).toBe(0);
    expect(device.locks.names).toEqual([]);
  });

  test('I10 a lock that never comes ends in OFFLINE_TIMEOUT', async () => {
    const device = new Device();
    const tab = device.tab('doc', {
      locks: { request: () => new Promise(() => {}), held: async () => new Set() },
    });
    const loading = tab.load().catch((error: unknown) => error);
    await settled();
    device.clock.advance(5_000);
    expect(await loading).toMatchObject({ code: 'OFFLINE_TIMEOUT' });
    const closing = tab.copy.close();
    await device.pass(10_000, 1_000);
    await closing;
    expect(device.clock.pending).toBe(0);
  });

  test('I10 a transaction that does not end is given up, and tried again', async () => {
    const device = new Device();
    const tab = await device.opened();
    const hanging = vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementation(function (
      this: IDBObjectStore,
    ) {
      // Keeps it busy, and never answers.
      const keepBusy = (): void => {
        this.count().addEventListener('success', keepBusy);
      };
      keepBusy();
      return new EventTarget() as IDBRequest;
    });
    tab.type('patient');
    const flushed = tab.copy.flush().catch((error: unknown) => error);
    await settled();
    device.clock.advance(30_000);
    expect(await flushed).toMatchObject({ code: 'OFFLINE_TIMEOUT' });
    hanging.mockRestore();
    await device.pass(3_000);
    expect(await device.storedText()).toBe('patient');
    expect(tab.copy.error).toBeUndefined();
  });

  test('I10 where there is no IndexedDB, or it is refused, the copy says OFFLINE_UNAVAILABLE', async () => {
    const device = new Device();
    await expectRefused(device.tab('doc', { factory: undefined }), 'OFFLINE_UNAVAILABLE', device);
    const refusing = {
      open: () => {
        throw new DOMException('not here', 'SecurityError');
      },
    } as unknown as IDBFactory;
    await expectRefused(device.tab('doc', { factory: refusing }), 'OFFLINE_UNAVAILABLE', device);
  });

  test('I10 a database of something else is OFFLINE_BLOCKED and left as it is', async () => {
    const device = new Device();
    const opening = device.factory.open('doc', 3);
    opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore('things'));
    (await result(opening)).close();
    await expectRefused(device.tab(), 'OFFLINE_BLOCKED', device);
    const database = await result(device.factory.open('doc'));
    expect([database.version, ...database.objectStoreNames]).toEqual([3, 'things']);
    expect(await device.listed()).toEqual([]);
  });

  test('I10 stores of another shape, and records of a newer version, are OFFLINE_BLOCKED', async () => {
    const device = new Device();
    const opening = device.factory.open('doc', 1);
    opening.addEventListener('upgradeneeded', () => {
      opening.result.createObjectStore('updates', { keyPath: 'id' });
      opening.result.createObjectStore('custom');
    });
    (await result(opening)).close();
    await expectRefused(device.tab(), 'OFFLINE_BLOCKED', device);
    await (await device.opened('newer')).copy.close();
    await device.within('newer', async (_, records) => {
      records.put({ version: 2, rows: [], tabs: [] }, 'heddle');
    });
    await expectRefused(device.tab('newer'), 'OFFLINE_BLOCKED', device);
  });

  const notUpdates = [
    ['bytes that are no update', new Uint8Array([255, 255, 255, 255, 255])],
    ['half an update', updateOf('cut in the middle').slice(0, 12)],
    ['no bytes', 'text'],
  ] as const;

  test.each(notUpdates)('I11 a row of %s is OFFLINE_CORRUPT, and nothing is deleted', async (_, value) => {
    const device = new Device();
    const tab = await device.opened();
    tab.type('good');
    await tab.copy.close();
    await device.within('doc', async (rows) => void rows.add(value));
    await expectRefused(device.tab(), 'OFFLINE_CORRUPT', device);
    await expectRefused(device.tab(), 'OFFLINE_CORRUPT', device);
    expect((await device.rows()).length).toBe(2);
    // The one that is no update alone, too.
    await device.within('doc', async (rows) => void rows.delete(1));
    await expectRefused(device.tab(), 'OFFLINE_CORRUPT', device);
  });

  test('I12 a full device is reported once, nothing is lost, and it is tried again sparsely', async () => {
    const device = new Device();
    const tab = await device.opened();
    const add = fillDevice();
    tab.type('kept ');
    await device.pass(5_000);
    tab.type('in memory');
    tab.copy.durable(1);
    tab.copy.setAccess('write');
    await device.pass(60_000, 1_000);
    expect(codesOf(tab)).toEqual(['OFFLINE_QUOTA']);
    expect(tab.copy.error?.code).toBe('OFFLINE_QUOTA');
    expect(tab.copy.isSaved).toBe(false);
    expect(add.mock.calls.length).toBeLessThan(10);
    await expect(tab.copy.flush()).rejects.toMatchObject({ code: 'OFFLINE_QUOTA' });
    add.mockRestore();
    await tab.copy.flush();
    expect(tab.copy.isSaved).toBe(true);
    expect(tab.copy.error).toBeUndefined();
    expect(await device.storedText()).toBe('kept in memory');
    tab.kill();
    const loaded = await device.tab().load();
    expect(loaded).toMatchObject({ access: 'write' });
    expect(loaded.pending.length).toBe(1);
  });

  test('I12 a full device is tried again by itself', async () => {
    const device = new Device();
    const tab = await device.opened();
    const add = fillDevice();
    tab.type('kept');
    await device.pass(100);
    add.mockRestore();
    await device.pass(15_000, 1_000);
    expect(tab.copy.isSaved).toBe(true);
    expect(await device.storedText()).toBe('kept');
  });

  test('I12 a transaction that is aborted stores nothing of the batch, and the batch is tried again', async () => {
    const device = new Device();
    const tab = await device.opened();
    const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementationOnce(function (
      this: IDBObjectStore,
    ) {
      this.transaction.abort();
      return new EventTarget() as IDBRequest;
    });
    tab.type('again');
    tab.copy.reached({ epoch: 'e', offset: 3 });
    await expect(tab.copy.flush()).rejects.toMatchObject({ code: 'OFFLINE_FAILED' });
    put.mockRestore();
    expect(await device.rows()).toEqual([]);
    await device.pass(3_000);
    expect(codesOf(tab)).toEqual(['OFFLINE_FAILED']);
    expect(tab.copy.isSaved).toBe(true);
    expect(await device.storedText()).toBe('again');
  });

  test('I12 a copy that cannot store at its close says so and lets go all the same', async () => {
    const device = new Device();
    const tab = await device.opened();
    fillDevice();
    tab.type('lost');
    await tab.copy.close();
    expect(codesOf(tab)).toEqual(['OFFLINE_QUOTA']);
    expect(device.clock.pending).toBe(0);
    expect(device.locks.names).toEqual([]);
  });

  test('I13 a database that is deleted under the copy is OFFLINE_DELETED, and does not come back', async () => {
    const device = new Device();
    const tab = await device.opened('doc', { encodeDocument: () => updateOf('never') });
    tab.type('gone');
    await tab.copy.flush();
    await result(device.factory.deleteDatabase('doc'));
    expect(codesOf(tab)).toEqual(['OFFLINE_DELETED']);
    tab.type('more');
    await device.pass(10_000, 1_000);
    await expect(tab.copy.flush()).rejects.toMatchObject({ code: 'OFFLINE_DELETED' });
    expect(tab.copy.isSaved).toBe(false);
    await tab.copy.close();
    expect((await device.factory.databases()).map(({ name }) => name)).not.toContain('doc');
    expect(await device.listed()).toEqual([]);
    expect(device.clock.pending).toBe(0);
  });

  test('I13 another version that takes over is let through, and the copy says OFFLINE_BLOCKED', async () => {
    const device = new Device();
    const tab = await device.opened();
    (await result(device.factory.open('doc', 2))).close();
    expect(codesOf(tab)).toEqual(['OFFLINE_BLOCKED']);
    await settled();
    expect(device.locks.names).toEqual([]);
  });

  /** The browser closes the connections, as when it clears a site's data: they hear `close`. */
  function closeByForce(databases: readonly IDBDatabase[]): void {
    for (const database of databases) forceCloseDatabase(database as never);
  }

  async function openedWatched(device: Device, encodes: boolean): Promise<[Tab, IDBDatabase[]]> {
    const databases: IDBDatabase[] = [];
    const begin = vi.spyOn(IDBDatabase.prototype, 'transaction');
    const holder: { doc?: Y.Doc } = {};
    const encodeDocument = (): Uint8Array => Y.encodeStateAsUpdate(holder.doc!);
    const tab = await device.opened('doc', encodes ? { encodeDocument } : {});
    holder.doc = tab.doc;
    for (const database of begin.mock.contexts as IDBDatabase[])
      if (database.name === 'doc' && !databases.includes(database)) databases.push(database);
    begin.mockRestore();
    return [tab, databases];
  }

  test('I13 a connection that the browser closed is opened again', async () => {
    const device = new Device();
    const [tab, databases] = await openedWatched(device, false);
    tab.type('before ');
    await tab.copy.flush();
    closeByForce(databases);
    expect(tab.copy.isSaved).toBe(false);
    tab.type('after');
    await device.pass(100);
    expect(tab.copy.isSaved).toBe(true);
    expect(tab.errors).toEqual([]);
    expect(await device.storedText()).toBe('before after');
  });

  test('I13 rows that the browser has thrown away are written anew, what was pending is', async () => {
    const device = new Device();
    const [tab, databases] = await openedWatched(device, true);
    tab.receive(updateOf('theirs '), { epoch: 'e', offset: 3 });
    tab.type('durable ');
    tab.copy.durable(1);
    tab.type('pending');
    await tab.copy.flush();
    closeByForce(databases);
    await result(device.factory.deleteDatabase('doc'));
    await device.pass(100);
    expect(tab.copy.isSaved).toBe(true);
    tab.kill();
    const loaded = await device.tab().load();
    expect(loaded.position).toEqual({ epoch: 'e', offset: 3 });
    expect(loaded.pending.length).toBe(1);
    expect(await device.storedText()).toBe(tab.text);
  });

  test('I13 without the document, rows that were thrown away end the copy', async () => {
    const device = new Device();
    const [tab, databases] = await openedWatched(device, false);
    tab.type('gone');
    await tab.copy.flush();
    closeByForce(databases);
    await result(device.factory.deleteDatabase('doc'));
    await device.pass(100);
    expect(codesOf(tab)).toEqual(['OFFLINE_DELETED']);
  });
});
