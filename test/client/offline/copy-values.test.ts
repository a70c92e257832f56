// What applications keep beside a document, as y-indexeddb's `get`, `set` and `del` do.

import { afterEach, describe, expect, test, vi } from 'vitest';
import { IndexeddbPersistence } from 'y-indexeddb';
import * as Y from 'yjs';
import type { ValueKey } from '../../../client/offline/copy-values.js';
import { Device } from '../../support/offline-device.js';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('values beside the document', () => {
  test('I29 are there after a reload, and gone when they are deleted', async () => {
    const device = new Device();
    const tab = device.tab();
    const { values } = tab.copy;
    // Before it is loaded, which they wait for.
    await values.set('scroll', { top: 120, seen: new Date(0) });
    await values.set(7, new Uint8Array([1, 2]));
    await tab.copy.close();
    const again = await device.opened();
    expect(await again.copy.values.get('scroll')).toEqual({ top: 120, seen: new Date(0) });
    expect(await again.copy.values.get(7)).toEqual(new Uint8Array([1, 2]));
    expect(await again.copy.values.get('nothing')).toBeUndefined();
    await again.copy.values.del('scroll');
    expect(await again.copy.values.get('scroll')).toBeUndefined();
    await again.copy.close();
  });

  test('I29 are those of y-indexeddb, and it finds what is written here', async () => {
    const device = new Device();
    const doc = new Y.Doc();
    const theirs = new IndexeddbPersistence('doc', doc);
    await theirs.whenSynced;
    await theirs.set('theirs', 'a');
    await theirs.destroy();
    const tab = await device.opened();
    expect(await tab.copy.values.get('theirs')).toBe('a');
    await tab.copy.values.set('ours', 'b');
    tab.type('text');
    await tab.copy.close();
    const again = new IndexeddbPersistence('doc', new Y.Doc());
    await again.whenSynced;
    expect([await again.get('theirs'), await again.get('ours')]).toEqual(['a', 'b']);
    await again.destroy();
  });

  test('I29 never touch the record of the copy', async () => {
    const device = new Device();
    const { copy } = await device.opened();
    const of = (key: ValueKey): Promise<unknown>[] => [
      copy.values.get(key),
      copy.values.set(key, 'x'),
      copy.values.del(key),
    ];
    for (const refused of of('heddle')) await expect(refused).rejects.toThrow(TypeError);
    await copy.close();
    await (await device.opened()).copy.close();
  });

  test('I29 end in typed errors: no database, a full device, no key, what cannot be cloned, a copy that is closed', async () => {
    const device = new Device();
    const none = device.tab('doc', { factory: undefined });
    await expect(none.copy.values.get('k')).rejects.toMatchObject({ code: 'OFFLINE_UNAVAILABLE' });
    const { copy } = await device.opened();
    await expect(copy.values.set('k', () => {})).rejects.toMatchObject({ name: 'OfflineError' });
    await expect(copy.values.set(NaN, 1)).rejects.toMatchObject({ name: 'OfflineError' });
    const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    await expect(copy.values.set('k', 1)).rejects.toMatchObject({ code: 'OFFLINE_QUOTA' });
    put.mockRestore();
    await copy.values.set('k', 1);
    await copy.close();
    await expect(copy.values.get('k')).rejects.toMatchObject({ name: 'OfflineError' });
  });
});
