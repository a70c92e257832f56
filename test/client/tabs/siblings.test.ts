// Who is in which tab, who is gone, and what of another tab cannot be taken.

import { describe, expect, it } from 'vitest';
import { Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { patienceMs } from '../../../client/tabs/owed-edits.js';
import { FakeBrowser } from '../../support/browser-platform.js';
import { channelName, openTab, said, TabStage, type DocumentTab } from './support.js';

const stage = new TabStage();
const open = (doc?: Y.Doc): DocumentTab => stage.open(doc);
const joined = (count: number): Promise<DocumentTab[]> => stage.joined(count);
describe('awareness', () => {
  const names = (one: DocumentTab): string[] =>
    [...one.awareness.getStates().values()].map(({ user }) => String(user)).sort();

  it('J10: of the tabs is shown to each other, changes at once', async () => {
    const [one, two] = [open(), open()];
    one.awareness.setLocalStateField('user', 'anna');
    two.awareness.setLocalStateField('user', 'bert');
    one.channel.join();
    two.channel.join();
    await stage.browser.settle();
    expect([names(one), names(two)]).toEqual([
      ['anna', 'bert'],
      ['anna', 'bert'],
    ]);
    expect(one.channel.awarenessIds).toEqual(new Set([two.doc.clientID]));
    two.awareness.setLocalStateField('user', 'carl');
    await stage.browser.settle();
    expect(names(one)).toEqual(['anna', 'carl']);
    two.awareness.setLocalState(null);
    await stage.browser.settle();
    expect(names(one)).toEqual(['anna']);
    expect(one.channel.awarenessIds.size).toBe(0);
  });

  it('J10: goes with its tab, and comes back with it', async () => {
    const [one, two] = await joined(2);
    for (const end of [() => two!.channel.leave(), () => two!.channel.destroy()]) {
      two!.channel.join();
      await stage.browser.settle();
      expect(one!.awareness.getStates().has(two!.doc.clientID)).toBe(true);
      const origins: unknown[] = [];
      one!.awareness.on('update', (_changes: unknown, origin: unknown) => void origins.push(origin));
      end();
      await stage.browser.settle();
      expect(one!.awareness.getStates().has(two!.doc.clientID)).toBe(false);
      expect(one!.channel.awarenessIds.size).toBe(0);
      expect(new Set(origins)).toEqual(new Set([one!.channel]));
    }
  });

  it('J10: of the others is there again when a tab comes back', async () => {
    const [one, two] = await joined(2);
    one!.channel.leave();
    await stage.browser.settle();
    expect(one!.awareness.getStates().has(two!.doc.clientID)).toBe(false);
    one!.channel.join();
    await stage.browser.settle();
    expect(one!.awareness.getStates().has(two!.doc.clientID)).toBe(true);
    expect(two!.awareness.getStates().has(one!.doc.clientID)).toBe(true);
  });

  it('J10: of a killed tab is gone with it', async () => {
    const [one, two] = await joined(2);
    two!.tab.kill();
    await stage.browser.settle();
    expect(one!.awareness.getStates().has(two!.doc.clientID)).toBe(false);
  });

  it('J10: nobody else speaks for this tab', async () => {
    const [one, two] = await joined(2);
    one!.awareness.setLocalStateField('user', 'anna');
    two!.awareness.clientID = one!.doc.clientID;
    two!.awareness.meta.set(one!.doc.clientID, { clock: 99, lastUpdated: 0 });
    two!.awareness.setLocalState({ user: 'impostor' });
    await stage.browser.settle();
    expect(names(one!)).toContain('anna');
    expect(names(one!)).not.toContain('impostor');
  });
});

describe('J19: what a tab has told and not brought to the server', () => {
  const unsynced = { isSynced: false, hasUnsynced: true };
  const synced = { isSynced: true, hasUnsynced: false };

  it('is owed until it says that it is there', async () => {
    const [one, two] = await joined(2);
    one!.channel.on('owed', () => void one!.events.push('owed'));
    two!.text.insert(0, 'a');
    two!.channel.setState(unsynced);
    await stage.browser.settle();
    expect(one!.channel.isOwed).toBe(true);
    two!.channel.setState(synced);
    await stage.browser.settle();
    expect([one!.channel.isOwed, one!.events]).toEqual([false, ['owed', 'owed']]);
  });

  it('is owed by who comes to a tab that has not brought what it had before', async () => {
    const [one] = await joined(1);
    one!.text.insert(0, 'a');
    one!.channel.setState(unsynced);
    await stage.browser.settle();
    const two = open();
    two.channel.join();
    await stage.browser.settle();
    expect([two.text.toString(), two.channel.isOwed]).toEqual(['a', true]);
  });

  it('is left to this tab when it says nothing for long while this one hears the server', async () => {
    for (const hasLocks of [true, false]) {
      stage.browser = new FakeBrowser({ hasLocks });
      const [one, two] = await joined(2);
      one!.channel.setState(synced);
      two!.text.insert(0, 'a');
      two!.channel.setState(unsynced);
      await stage.browser.settle();
      two!.tab.isFrozen = true;
      await stage.browser.pass(patienceMs - 2_000, 1_000);
      expect([one!.channel.isOwed, one!.events]).toEqual([true, []]);
      await stage.browser.pass(4_000, 1_000);
      expect([one!.channel.isOwed, one!.events]).toEqual([false, ['orphaned']]);
      two!.tab.isFrozen = false;
      for (const { close } of [one!, two!]) close();
    }
  });

  it('is waited for as long as it takes while there is no server, or the other tab goes on', async () => {
    const [one, two] = await joined(2);
    two!.text.insert(0, 'a');
    two!.channel.setState(unsynced);
    await stage.browser.pass(10 * patienceMs, patienceMs / 2);
    expect([one!.channel.isOwed, one!.events]).toEqual([true, []]);
    one!.channel.setState(synced);
    for (let at = 0; at < 6; at++) {
      two!.text.insert(0, 'b');
      await stage.browser.pass(patienceMs / 2);
    }
    expect([one!.channel.isOwed, one!.events]).toEqual([true, []]);
  });

  it('is left to whoever tells others of it, or does not hear of it any more', async () => {
    const [one, two] = await joined(2);
    two!.text.insert(0, 'a');
    two!.channel.setState(unsynced);
    await stage.browser.settle();
    two!.tab.isFrozen = true;
    const three = open();
    three.channel.join();
    await stage.browser.settle();
    expect([three.text.toString(), one!.events, one!.channel.isOwed]).toEqual(['a', ['orphaned'], false]);
    two!.tab.isFrozen = false;
    two!.text.insert(0, 'b');
    await stage.browser.settle();
    expect(one!.channel.isOwed).toBe(true);
    one!.channel.leave();
    expect([one!.events, one!.channel.isOwed]).toEqual([['orphaned', 'orphaned'], false]);
  });
});

describe('a tab that dies', () => {
  it('J11: with edits that are not durable leaves them to the others', async () => {
    const [one, two, three] = await joined(3);
    two!.channel.setState({ isSynced: true, hasUnsynced: false });
    three!.text.insert(0, 'a');
    three!.channel.setState({ isSynced: false, hasUnsynced: true });
    await stage.browser.settle();
    three!.tab.kill();
    await stage.browser.settle();
    two!.tab.kill();
    await stage.browser.settle();
    expect(one!.events).toEqual(['orphaned']);
    expect(one!.text.toString()).toBe('a');
  });

  it('J11: right after an edit counts as having one, whatever it has said before', async () => {
    const [one, two] = await joined(2);
    two!.channel.setState({ isSynced: true, hasUnsynced: false });
    await stage.browser.settle();
    two!.text.insert(0, 'a');
    await stage.browser.settle();
    two!.tab.kill();
    await stage.browser.settle();
    expect(one!.events).toEqual(['orphaned']);
  });

  it('J11: with everything durable leaves nothing', async () => {
    const [one, two] = await joined(2);
    two!.text.insert(0, 'a');
    two!.channel.setState({ isSynced: true, hasUnsynced: true });
    await stage.browser.settle();
    two!.channel.setState({ isSynced: true, hasUnsynced: false });
    await stage.browser.settle();
    two!.tab.kill();
    await stage.browser.settle();
    expect(one!.events).toEqual([]);
  });

  it('J11: what only some have heard of it, the others get from those', async () => {
    const [one, two, three] = await joined(3);
    three!.text.insert(0, 'a');
    await Promise.resolve();
    stage.browser.deliver();
    expect([one!, two!].filter(({ text }) => text.length === 1)).toHaveLength(1);
    three!.tab.kill(() => true);
    await stage.browser.settle();
    expect([one!.text.toString(), two!.text.toString()]).toEqual(['a', 'a']);
  });

  it('J11: a tab that leaves with edits that are not durable says so', async () => {
    const [one, two] = await joined(2);
    two!.channel.setState({ isSynced: false, hasUnsynced: true });
    two!.channel.leave();
    await stage.browser.settle();
    expect(one!.events).toEqual(['orphaned']);
  });

  it('J11: without Web Locks nobody counts as dead that has not said so', async () => {
    stage.browser = new FakeBrowser({ hasLocks: false });
    const [one, two] = await joined(2);
    two!.text.insert(0, 'a');
    await stage.browser.settle();
    expect(one!.events).toEqual([]);
    expect(one!.channel.awarenessIds.size).toBe(1);
    two!.channel.leave();
    await stage.browser.settle();
    expect(one!.channel.awarenessIds.size).toBe(0);
    expect(one!.events).toEqual(['orphaned']);
  });

  it.each([
    ['refuse', (): Promise<void> => Promise.reject(new Error('refused'))],
    ['hang', (): Promise<void> => new Promise(() => {})],
  ])('J11: locks that %s are done without', async (_how, request) => {
    const tab = stage.browser.open();
    const one = openTab(stage.browser, {
      platform: { BroadcastChannel: tab.BroadcastChannel, locks: { request, held: async () => new Set() } },
    });
    stage.tabs.push(one);
    one.channel.join();
    const [two] = await joined(1);
    await stage.browser.pass(1_000);
    two!.text.insert(0, 'a');
    await stage.browser.settle();
    expect(one.text.toString()).toBe('a');
    expect(two!.channel.awarenessIds.size).toBe(1);
    expect(two!.events).toEqual([]);
  });
});

describe('what cannot be taken', () => {
  const state = { isSynced: false, hasUnsynced: false, isLocked: false, clientId: 1 };
  const message = { version: 2, from: 'x', state };
  const bytes = new Uint8Array([1, 2, 3]);

  it.each([
    ['nothing', null],
    ['text', 'hello'],
    ['another version', { ...message, version: 1, type: 'update', part: bytes, index: 0, isLast: true }],
    ['an unknown type', { ...message, type: 'toString' }],
    ['no sender', { ...message, from: '', type: 'state' }],
    ['a sender of many letters', { ...message, from: 'x'.repeat(65), type: 'state' }],
    [
      'no state',
      { ...message, state: {}, type: 'hello', summary: { stateVector: bytes, deletesHash: 1 }, written: [] },
    ],
    ['no summary', { ...message, type: 'hello', written: [] }],
    ['text for bytes', { ...message, type: 'update', part: 'abc', index: 0, isLast: true }],
    [
      'too large a part',
      { ...message, type: 'update', part: new Uint8Array(2 ** 20 + 1), index: 0, isLast: true },
    ],
    ['a part without its place', { ...message, type: 'update', part: bytes, index: -1, isLast: true }],
    ['a part of something else', { ...message, type: 'update', part: bytes, index: 3, isLast: true }],
  ])('J12: is ignored: %s', async (_what, data) => {
    const [one] = await joined(1);
    new (stage.browser.open().BroadcastChannel)(channelName).postMessage(data);
    await stage.browser.settle();
    expect(one!.events).toEqual([]);
    expect(said(stage.browser)).toHaveLength(1);
  });

  it.each([
    ['update', { type: 'update', part: bytes, index: 0, isLast: true }],
    ['missing', { type: 'missing', part: bytes, index: 0, isLast: true }],
    [
      'state vector',
      { type: 'hello', summary: { stateVector: new Uint8Array([5, 1]), deletesHash: 1 }, written: [] },
    ],
    ['question', { type: 'want', stateVector: bytes, deletes: bytes }],
    ['awareness', { type: 'awareness', awareness: bytes }],
    [
      'awareness of a greeting',
      {
        type: 'here',
        awareness: bytes,
        summary: { stateVector: new Uint8Array([0]), deletesHash: 1 },
        written: [],
      },
    ],
  ])('J12: is reported and leaves the document as it was: %s', async (_what, data) => {
    const [one, two] = await joined(2);
    one!.text.insert(0, 'a');
    await stage.browser.settle();
    new (stage.browser.open().BroadcastChannel)(channelName).postMessage({ ...message, ...data });
    await stage.browser.settle();
    expect(one!.events).toHaveLength(1);
    expect(one!.events[0]).toMatch(/^error /);
    two!.text.insert(1, 'b');
    await stage.browser.settle();
    expect(stage.texts).toEqual(['ab', 'ab']);
  });

  it('J12: one tab speaks for a few awareness ids only', async () => {
    const [one, two] = await joined(2);
    for (let id = 1; id <= 20; id++) {
      two!.awareness.clientID = id;
      two!.awareness.setLocalState({ id });
    }
    await stage.browser.settle();
    expect(one!.events.length).toBeGreaterThan(0);
    two!.channel.leave();
    await stage.browser.settle();
    expect(one!.awareness.getStates().size).toBe(1);
  });

  it('J12: of more than 64 tabs the one that is silent for longest is forgotten, and none gets restless', async () => {
    const [one] = await joined(1);
    const many = new (stage.browser.open().BroadcastChannel)(channelName);
    const summary = { stateVector: new Uint8Array([0]), deletesHash: 1 };
    for (let id = 1; id <= 100; id++) {
      const doc = new Y.Doc();
      doc.clientID = id;
      const other = new Awareness(doc);
      other.setLocalState({ id });
      const awareness = encodeAwarenessUpdate(other, [id]);
      other.destroy();
      many.postMessage({ ...message, from: `tab-${id}`, type: 'hello', summary, awareness, written: [] });
    }
    await stage.browser.settle();
    expect(said(stage.browser).filter((type) => type === 'here')).toHaveLength(100);
    expect([...one!.channel.awarenessIds]).toEqual(Array.from({ length: 64 }, (_, at) => at + 37));
    expect(one!.awareness.getStates().size).toBe(65);
    expect(one!.events).toEqual([]);
  });
});
