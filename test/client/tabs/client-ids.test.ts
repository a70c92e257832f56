// Tabs that were given one Yjs client id, as a page can be whose state is restored twice.

import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { TabStage, type DocumentTab } from './support.js';

const stage = new TabStage();

function openWith(clientId: number): DocumentTab {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  return stage.open(doc);
}

const idsOf = (tabs: readonly DocumentTab[]): Set<number> => new Set(tabs.map(({ doc }) => doc.clientID));

describe('tabs with one client id', () => {
  it('J16: all but one take another before anybody writes, whoever comes first', async () => {
    for (let round = 0; round < 10; round++) {
      const tabs = [openWith(5), openWith(5), openWith(5)];
      for (const { channel } of tabs) channel.join();
      await stage.browser.settle();
      expect(idsOf(tabs).size).toBe(3);
      expect(idsOf(tabs)).toContain(5);
      expect(tabs.flatMap(({ events }) => events)).toEqual(['client-id', 'client-id']);
      for (const { text } of tabs) text.insert(0, 'x');
      await stage.browser.settle();
      expect(tabs.map(({ text }) => text.toString())).toEqual(['xxx', 'xxx', 'xxx']);
      for (const { channel } of tabs) channel.leave();
    }
  });

  it('J16: a tab that has its own keeps it', async () => {
    const tabs = [openWith(5), openWith(6)];
    for (const { channel } of tabs) channel.join();
    await stage.browser.settle();
    expect(tabs.map(({ doc }) => doc.clientID)).toEqual([5, 6]);
  });

  it.each([
    ['as much', 'mine', 'else'],
    ['more', 'mine', 'something else'],
    ['less', 'something of mine', 'else'],
  ])('J17: that have both written under it, the other %s, are told so', async (_what, mine, others) => {
    const [one, two] = [openWith(5), openWith(5)];
    one.text.insert(0, mine);
    two.text.insert(0, others);
    one.channel.join();
    two.channel.join();
    await stage.browser.settle();
    // Nobody can mend it: for the same ids they hold different content.
    expect(one.text.toString()).not.toBe(two.text.toString());
    for (const { events } of [one, two]) expect(events.some((event) => event === 'conflict')).toBe(true);
  });

  it('J17: that both write under it in the same moment are told so', async () => {
    const [one, two] = [openWith(5), openWith(5)];
    one.channel.join();
    two.channel.join();
    while (stage.browser.posted.length < 2) await Promise.resolve();
    one.text.insert(0, 'one');
    two.text.insert(0, 'two');
    await stage.browser.settle();
    for (const { events } of [one, two]) expect(events).toContain('conflict');
  });

  it('J17: of which one has only read what the other has written have no conflict', async () => {
    const one = openWith(5);
    one.text.insert(0, 'written');
    const two = openWith(5);
    Y.applyUpdate(two.doc, Y.encodeStateAsUpdate(one.doc), 'copy');
    expect(two.doc.clientID).not.toBe(5);
    two.text.insert(0, 'and ');
    one.channel.join();
    two.channel.join();
    await stage.browser.settle();
    expect(stage.texts).toEqual(['and written', 'and written']);
    expect(stage.tabs.flatMap(({ events }) => events)).toEqual([]);
  });
});

describe('what a tab holds aside', () => {
  it('J8: is told to the others when what it depends on comes', async () => {
    const author = new Y.Doc();
    const parts: Uint8Array[] = [];
    author.on('update', (update: Uint8Array) => parts.push(update));
    author.getText('text').insert(0, 'a');
    author.getText('text').insert(1, 'b');
    const [one, two] = [stage.open(), stage.open()];
    Y.applyUpdate(two.doc, parts[1]!, 'copy');
    expect(two.text.toString()).toBe('');
    one.channel.join();
    two.channel.join();
    await stage.browser.settle();
    Y.applyUpdate(one.doc, parts[0]!);
    await stage.browser.settle();
    expect(stage.texts).toEqual(['ab', 'ab']);
  });

  it('J8: deletions too', async () => {
    const author = new Y.Doc();
    const parts: Uint8Array[] = [];
    author.on('update', (update: Uint8Array) => parts.push(update));
    author.getText('text').insert(0, 'ab');
    author.getText('text').delete(0, 1);
    const [one, two] = [stage.open(), stage.open()];
    Y.applyUpdate(two.doc, parts[1]!, 'copy');
    one.channel.join();
    two.channel.join();
    await stage.browser.settle();
    Y.applyUpdate(one.doc, parts[0]!);
    await stage.browser.settle();
    expect(stage.texts).toEqual(['b', 'b']);
  });
});

describe('what a sibling tells', () => {
  it('J14: is one transaction, however many parts it has', async () => {
    const [one, two] = [stage.open(), stage.open()];
    const text = one.doc.getText('text');
    for (let i = 0; i < 3; i++) {
      text.insert(0, 'x'.repeat(900_000), { bold: true });
      text.insert(0, 'y', { bold: null });
    }
    let changes = 0;
    two.doc.on('afterTransaction', ({ origin }: Y.Transaction) => {
      if (origin === two.channel) changes++;
    });
    one.channel.join();
    two.channel.join();
    await stage.browser.settle();
    const parts = stage.browser.posted.filter(({ data }) => (data as { type: string }).type === 'missing');
    expect(parts.length).toBeGreaterThan(2);
    expect(changes).toBe(1);
    expect(two.text.toDelta()).toEqual(one.text.toDelta());
  });
});
