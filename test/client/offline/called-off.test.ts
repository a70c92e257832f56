// A copy that is closed while it waits for what may never come.

import { describe, expect, test } from 'vitest';
import { Device } from '../../support/offline-device.js';
import { settled } from '../../support/turns.js';

const never = <T>(): Promise<T> => new Promise(() => {});

describe('K60: a copy that is closed', () => {
  test('while nobody says whom it is for ends at once, and so does whoever waits for it', async () => {
    const device = new Device();
    const tab = device.tab('doc', { owner: never });
    const loading = tab.copy.load();
    const waiting = [
      loading,
      tab.copy.values.get('key'),
      tab.copy.values.set('key', 1),
      tab.copy.values.del('key'),
    ];
    await settled(5);
    await tab.copy.close();
    for (const one of waiting) await expect(one).rejects.toMatchObject({ code: 'OFFLINE_FAILED' });
    expect(device.locks.names).toEqual([]);
    const next = await device.opened();
    await next.copy.close();
  });

  test('while another one of the page is being closed, or a lock is held, does not wait for that', async () => {
    const device = new Device();
    const { request } = device.locks.tab();
    void request('heddle:open:doc', {}, never);
    const tab = device.tab();
    const loading = tab.copy.load();
    loading.catch(() => {});
    await settled(20);
    const behind = device.tab();
    behind.copy.load().catch(() => {});
    await Promise.all([behind.copy.close(), tab.copy.close()]);
    await expect(loading).rejects.toMatchObject({ code: 'OFFLINE_FAILED' });
    expect(device.locks.names).toEqual(['heddle:open:doc']);
  });

  test('with an edit that is not stored waits for the answer, and whoever waits for its values does not', async () => {
    const device = new Device();
    let say = (_owner: { url: string; user: string }): void => {};
    const owner = new Promise<{ url: string; user: string }>((resolve) => (say = resolve));
    const tab = device.tab('doc', { owner: () => owner });
    tab.copy.load().catch(() => {});
    tab.type('typed');
    const got = tab.copy.values.get('key');
    let isClosed = false;
    const closed = tab.copy.close().then(() => (isClosed = true));
    await expect(got).rejects.toMatchObject({ code: 'OFFLINE_FAILED' });
    await device.pass(1_000);
    expect(isClosed).toBe(false);
    say({ url: 'ws://server/', user: 'ann' });
    await closed;
    expect(await device.storedText()).toBe('typed');
  });
});
