// Tabs of one browser with the same document: what they pass on, what they keep to themselves, and who is gone.

import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { settled } from '../../support/turns.js';
import { fromServer, said, TabStage, type DocumentTab } from './support.js';

const stage = new TabStage();
const open = (doc?: Y.Doc): DocumentTab => stage.open(doc);
const joined = (count: number): Promise<DocumentTab[]> => stage.joined(count);
const bytesSaid = (): number =>
  stage.browser.posted.reduce(
    (sum, { data }) => sum + ((data as { part?: Uint8Array }).part?.length ?? 0),
    0,
  );

describe('edits', () => {
  it('J7: reach the other tabs at once, joined with those of the same turn, and go round once', async () => {
    const [one] = await joined(3);
    one!.text.insert(0, 'a');
    one!.text.insert(1, 'b');
    await stage.browser.settle();
    expect(stage.texts).toEqual(['ab', 'ab', 'ab']);
    expect(said(stage.browser)).toEqual(['update']);
  });

  it('J7: are not said to nobody', async () => {
    const [one] = await joined(1);
    one!.text.insert(0, 'a');
    await stage.browser.settle();
    expect(said(stage.browser)).toEqual([]);
  });

  it('J7: of a sibling are no edits here: their origin is the channel', async () => {
    const [one, two] = await joined(2);
    const origins: unknown[] = [];
    two!.doc.on('update', (_update: Uint8Array, origin: unknown) => void origins.push(origin));
    one!.text.insert(0, 'a');
    await stage.browser.settle();
    expect(origins).toEqual([two!.channel]);
  });

  it.each(['edit', 'server'])(
    'J7: that are made before anybody has answered are not missed (%s)',
    async (origin) => {
      const [one] = await joined(1);
      const two = open();
      two.channel.join();
      while (said(stage.browser).length === 0) await Promise.resolve();
      two.doc.transact(() => two.text.insert(0, 'a'), origin);
      await stage.browser.settle();
      expect(one!.text.toString()).toBe('a');
    },
  );

  it('J7: that are made just before leaving are told', async () => {
    const [one] = await joined(2);
    one!.text.insert(0, 'a');
    one!.channel.leave();
    await stage.browser.settle();
    expect(stage.texts).toEqual(['a', 'a']);
  });

  it('J7: what came from the server is passed on only while a sibling does not hear it itself', async () => {
    const [one, two] = await joined(2);
    for (const { channel } of stage.tabs) channel.setState({ isSynced: true, hasUnsynced: false });
    await stage.browser.settle();
    said(stage.browser);
    fromServer(one!, (text) => text.insert(0, 'a'));
    await stage.browser.settle();
    expect(said(stage.browser)).toEqual([]);
    expect(stage.texts).toEqual(['a', '']);
    two!.channel.setState({ isSynced: false, hasUnsynced: false });
    await stage.browser.settle();
    expect(stage.texts).toEqual(['a', 'a']);
    fromServer(one!, (text) => text.insert(1, 'b'));
    await stage.browser.settle();
    expect(stage.texts).toEqual(['ab', 'ab']);
  });

  it('J7: what was loaded from the copy is not passed on, but compared', async () => {
    const [one, two] = await joined(2);
    const copy = new Y.Doc();
    copy.getText('text').insert(0, 'x'.repeat(10_000));
    Y.applyUpdate(two!.doc, Y.encodeStateAsUpdate(copy));
    await stage.browser.settle();
    said(stage.browser);
    copy.getText('text').insert(0, 'y');
    Y.applyUpdate(one!.doc, Y.encodeStateAsUpdate(copy), 'copy');
    await stage.browser.settle();
    expect(bytesSaid()).toBeLessThan(100);
    expect(said(stage.browser)).toEqual(['hello', 'here', 'want', 'missing']);
    expect(stage.texts[1]).toBe(stage.texts[0]);
  });
});

describe('joining', () => {
  it('J8: brings both sides what they lack, and no more than that', async () => {
    const [one, two] = [open(), open()];
    one.text.insert(0, 'long '.repeat(1_000));
    Y.applyUpdate(two.doc, Y.encodeStateAsUpdate(one.doc));
    one.text.insert(0, 'one');
    two.text.insert(0, 'two');
    one.text.delete(100, 1);
    two.text.delete(200, 1);
    for (const { channel } of stage.tabs) channel.join();
    await stage.browser.settle();
    expect(stage.texts[0]).toBe(stage.texts[1]);
    expect(bytesSaid()).toBeLessThan(150);
  });

  it('J8: with nothing missing costs a greeting', async () => {
    const one = open();
    one.text.insert(0, 'hello');
    one.text.delete(0, 2);
    const two = open();
    Y.applyUpdate(two.doc, Y.encodeStateAsUpdate(one.doc));
    one.channel.join();
    await stage.browser.settle();
    said(stage.browser);
    two.channel.join();
    await stage.browser.settle();
    expect(said(stage.browser)).toEqual(['hello', 'here']);
  });

  it('J8: brings a deletion that is all that is missing, without all the others', async () => {
    const one = open();
    one.text.insert(0, 'hello world '.repeat(100));
    for (let i = 0; i < 100; i++) one.text.delete(3 * i, 1);
    const two = open();
    Y.applyUpdate(two.doc, Y.encodeStateAsUpdate(one.doc));
    two.text.delete(500, 2);
    for (const { channel } of stage.tabs) channel.join();
    await stage.browser.settle();
    expect(stage.texts[0]).toBe(stage.texts[1]);
    expect(bytesSaid()).toBeLessThan(40);
  });

  it('J8: a whole document comes from one sibling, however many there are', async () => {
    const all = await joined(5);
    all[0]!.text.insert(0, 'x'.repeat(100_000));
    await stage.browser.settle();
    stage.browser.posted.length = 0;
    open().channel.join();
    await stage.browser.settle();
    expect(new Set(stage.texts).size).toBe(1);
    expect(bytesSaid()).toBeLessThan(150_000);
  });

  it('J8: a document of many megabytes comes in parts', async () => {
    const [one, two] = await joined(2);
    two!.channel.leave();
    const map = one!.doc.getMap('map');
    for (let i = 0; i < 5; i++) map.set(`k${i}`, new Uint8Array(700_000).fill(i));
    two!.channel.join();
    await stage.browser.settle();
    expect(two!.doc.getMap('map').size).toBe(5);
    const parts = stage.browser.posted.map(({ data }) => (data as { part?: Uint8Array }).part?.length ?? 0);
    expect(Math.max(...parts)).toBeLessThanOrEqual(1024 * 1024);
    expect(parts.filter((length) => length > 0)).toHaveLength(4);
  });

  it('J8: who comes in the middle of such parts takes no harm', async () => {
    const [one] = await joined(2);
    const late = open();
    one!.doc.getMap('map').set('k', new Uint8Array(3_000_000));
    await Promise.resolve();
    await Promise.resolve();
    stage.browser.deliver();
    late.channel.join();
    await stage.browser.settle();
    expect(late.doc.getMap('map').size).toBe(1);
    expect(late.events).toEqual([]);
  });

  it('J8: a sibling that does not answer is not waited for', async () => {
    const [one, two] = await joined(2);
    one!.text.insert(0, 'a');
    await stage.browser.settle();
    const late = open();
    // One tab is frozen: it hears nothing, and does not die. It has said before what it has.
    const [first] = stage.browser.channels.filter(({ tab }) => tab === one!.tab);
    late.channel.join();
    while (!stage.browser.posted.some(({ data }) => (data as { type: string }).type === 'want')) {
      if (!stage.browser.deliver()) await settled();
    }
    const isFirstAsked = stage.browser.posted.some(({ data }) => (data as { to?: string }).to !== undefined);
    expect(isFirstAsked).toBe(true);
    first!.listeners.clear();
    await stage.browser.settle();
    await stage.browser.pass(5_000);
    expect(late.text.toString()).toBe('a');
    expect(two!.text.toString()).toBe('a');
  });

  it('J8: and leaving may be repeated, and do nothing twice', async () => {
    const [one, two] = await joined(2);
    one!.channel.join();
    await stage.browser.settle();
    expect(said(stage.browser)).toEqual([]);
    for (let i = 0; i < 5; i++) {
      one!.channel.leave();
      one!.channel.leave();
      two!.text.insert(0, 'x');
      one!.channel.join();
    }
    await stage.browser.settle();
    expect(stage.texts).toEqual(['xxxxx', 'xxxxx']);
    expect(two!.channel.awarenessIds).toEqual(new Set([one!.doc.clientID]));
    one!.channel.destroy();
    one!.channel.join();
    await stage.browser.settle();
    expect(one!.tab.holdings).toEqual({ channels: 0, locks: 0, listeners: 0 });
  });
});

describe('a tab that may not read', () => {
  it('J9: hears and says nothing, before it joins and after it has left', async () => {
    const [one] = await joined(1);
    const two = open();
    const silent = async (): Promise<void> => {
      stage.browser.posted.length = 0;
      const before = two.text.toString();
      const presence = two.awareness.getStates().size;
      one!.text.insert(0, 'secret ');
      two.text.insert(0, 'mine ');
      two.channel.setState({ isSynced: true, hasUnsynced: true });
      one!.awareness.setLocalStateField('user', 'anna');
      two.awareness.setLocalStateField('user', 'bert');
      await stage.browser.settle();
      expect(JSON.stringify(stage.browser.posted)).not.toContain('mine');
      expect(two.text.toString()).toBe(`mine ${before}`);
      expect(two.awareness.getStates().size).toBe(presence);
      expect(one!.text.toString()).not.toContain(`mine ${before}`);
      expect(two.tab.holdings).toEqual({ channels: 0, locks: 0, listeners: 0 });
    };
    await silent();
    two.channel.join();
    await stage.browser.settle();
    two.channel.leave();
    await stage.browser.settle();
    expect(two.awareness.getStates().size).toBe(1);
    await silent();
  });

  it('J9: also when it loses the right while it is joining', async () => {
    const [one] = await joined(1);
    one!.text.insert(0, 'secret');
    const two = open();
    two.channel.join();
    two.channel.leave();
    await stage.browser.settle();
    expect(two.text.toString()).toBe('');
    expect(said(stage.browser)).toEqual([]);
  });
});
