// A copy that cannot be read at first is read later, and merged with what was handed in meanwhile.

import { afterEach, describe, expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import { copyTransitions, nextCopyState, type CopyState } from '../../../client/offline/copy-state.js';
import type { LoadedCopy } from '../../../client/offline/loaded-copy.js';
import { Device, updateOf, type Tab } from '../../support/offline-device.js';

afterEach(() => {
  vi.restoreAllMocks();
});

/** As Safari does when its database server is lost. */
function loseServer(device: Device): { restore(): void } {
  const open = vi.spyOn(device.factory, 'open').mockImplementation(() => {
    throw new DOMException('Connection to Indexed Database server lost', 'UnknownError');
  });
  return { restore: () => open.mockRestore() };
}

/** A tab that could not read the copy, and takes it when it can. */
async function unread(device: Device): Promise<{ tab: Tab; late: LoadedCopy[] }> {
  const tab = device.tab();
  const late: LoadedCopy[] = [];
  tab.copy.on('loaded', (loaded) => {
    late.push(loaded);
    if (loaded.update !== undefined) Y.applyUpdate(tab.doc, loaded.update, tab);
    tab.copy.restored();
  });
  const lost = loseServer(device);
  await expect(tab.load()).rejects.toMatchObject({ code: 'OFFLINE_FAILED' });
  lost.restore();
  return { tab, late };
}

describe('a copy that could not be read', () => {
  test('I19 is read later, and holds then what was handed in meanwhile', async () => {
    const device = new Device();
    const before = await device.opened();
    before.type('found ');
    await before.copy.flush();
    before.kill();
    const { tab, late } = await unread(device);
    tab.type('typed ');
    tab.receive(updateOf('received '), { epoch: 'e', offset: 4 });
    expect([tab.copy.isUnread, tab.copy.isSaved, tab.copy.error?.code]).toEqual([
      true,
      false,
      'OFFLINE_FAILED',
    ]);
    await device.pass(3_000);
    expect(late.map(({ pending }) => pending.length)).toEqual([1]);
    expect([tab.copy.isUnread, tab.copy.isSaved, tab.copy.error]).toEqual([false, true, undefined]);
    for (const word of ['found', 'typed', 'received']) expect(await device.storedText()).toContain(word);
    tab.kill();
    expect((await device.tab().load()).pending).toHaveLength(2);
  });

  test('I19 counts what it holds as durable only when the server has been told of that too', async () => {
    const device = new Device();
    const before = await device.opened();
    before.type('found');
    await before.copy.flush();
    before.kill();
    const { tab } = await unread(device);
    for (const word of ['one', 'two']) tab.type(word);
    tab.copy.durable(1);
    await device.pass(3_000);
    const pendingNow = async (): Promise<number> => {
      await tab.copy.flush();
      const rows = await device.within('doc', async (_, records) => {
        const request = records.get('heddle');
        await new Promise((resolve) => request.addEventListener('success', resolve));
        return (request.result as { rows: readonly { tab?: string }[] }).rows;
      });
      return rows.filter((row) => row.tab !== undefined).length;
    };
    expect(await pendingNow()).toBe(2);
    tab.copy.durable(1);
    expect(await pendingNow()).toBe(2);
    tab.copy.durable(1);
    expect(await pendingNow()).toBe(0);
  });

  test('I19 says nothing of a position that was reached before it was read, where it holds what is doubtful', async () => {
    const device = new Device();
    await (await device.opened()).copy.close();
    await device.within('doc', async (rows) => void rows.add(updateOf('of somebody else')));
    const { tab, late } = await unread(device);
    tab.copy.reached({ epoch: 'e', offset: 4 });
    await device.pass(3_000);
    expect(late[0]).toMatchObject({ position: undefined });
    await tab.copy.close();
    expect((await device.tab().load()).position).toBeUndefined();
  });

  test('I19 is tried more and more seldom, and never again after it was closed', async () => {
    const device = new Device();
    const tab = device.tab();
    const lost = loseServer(device);
    await expect(tab.load()).rejects.toMatchObject({ code: 'OFFLINE_FAILED' });
    const open = vi.mocked(device.factory.open);
    await device.pass(60_000, 1_000);
    const attempts = open.mock.calls.length;
    expect(attempts).toBeGreaterThan(3);
    expect(attempts).toBeLessThan(30);
    await tab.copy.close();
    expect([device.clock.pending, device.locks.names]).toEqual([0, []]);
    lost.restore();
  });

  test('I19 every state and event of a copy is in the table, and nothing leaves the end', () => {
    const states = Object.keys(copyTransitions) as CopyState[];
    const reached = new Set<CopyState>(['new']);
    for (const state of reached)
      for (const event of ['tried', 'read', 'missed', 'left', 'returned', 'ended'] as const)
        reached.add(nextCopyState(state, event));
    expect([...reached].sort()).toEqual([...states].sort());
    expect(nextCopyState('over', 'tried')).toBe('over');
    expect(nextCopyState('unread', 'read')).toBe('unread');
  });
});
