// Yjs 14 clients beside each other and beside those of Yjs 13, over real sockets: plain text and maps mean the same to both.

import * as Y14 from '@y/y';
import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { until } from '../support/peer.js';
import { runHeddle } from '../support/server-process.js';
import { directoryForTest, serverForTest, startServer } from '../support/test-server.js';
import { type Editor, type EditorKind, editors } from './editors.js';

const young = 'Yjs 14, y-websocket 4';
const kinds = Object.keys(editors) as EditorKind[];
const largestId = 2 ** 53 - 1;

async function synced(...all: readonly Editor[]): Promise<void> {
  for (const editor of all) await until(() => editor.isSynced(), 'it is synced');
}

/** Resolves when all show this text and this map, and none waits for anything. */
async function untilAll(all: readonly Editor[], content: ReturnType<Editor['content']>): Promise<void> {
  const expected = JSON.stringify(content);
  for (const editor of all)
    await until(
      () => JSON.stringify(sorted(editor.content())) === expected && !editor.isPending(),
      `it shows ${expected}`,
    );
}

function sorted({ text, map }: ReturnType<Editor['content']>): ReturnType<Editor['content']> {
  return { text, map: Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1))) };
}

describe.each(kinds)('Yjs 14 beside %s', (kind) => {
  test('C1, C8: text and map edits of both, and deletions of what the other wrote, arrive', async () => {
    const { url } = await serverForTest();
    const one = editors[young](url, 'doc', { clientId: largestId });
    const other = editors[kind](url, 'doc');
    await synced(one, other);
    one.insert(0, 'young and ');
    one.set('a', [1, { b: null }]);
    await untilAll([one, other], { text: 'young and ', map: { a: [1, { b: null }] } });
    other.insert(10, 'old 😀');
    other.remove(0, 2);
    other.set('a', 'over');
    other.set('c', true);
    await untilAll([one, other], { text: 'ung and old 😀', map: { a: 'over', c: true } });
    one.remove(2, 9);
    one.set('c', false);
    await untilAll([one, other], { text: 'un 😀', map: { a: 'over', c: false } });
  });

  test('C1, C8: what both write and delete offline is there after their return', async () => {
    const { url } = await serverForTest();
    const one = editors[young](url, 'doc');
    const other = editors[kind](url, 'doc');
    await synced(one, other);
    one.insert(0, 'middle');
    await untilAll([one, other], { text: 'middle', map: {} });
    one.disconnect();
    other.disconnect();
    one.insert(6, ' end');
    one.remove(0, 1);
    one.set('one', 1);
    other.insert(0, 'start ');
    other.remove(11, 1);
    other.set('other', 2);
    one.connect();
    other.connect();
    await untilAll([one, other], { text: 'start iddl end', map: { one: 1, other: 2 } });
  });

  test.each(kinds)('C1, C8: and %s, who comes later, gets all of it', async (late) => {
    const { url } = await serverForTest();
    const one = editors[young](url, 'doc');
    const other = editors[kind](url, 'doc', { clientId: 2 ** 32 - 1 });
    await synced(one, other);
    one.insert(0, 'abcdef');
    await untilAll([one, other], { text: 'abcdef', map: {} });
    other.remove(1, 2);
    other.insert(1, 'xyz');
    other.set('k', 'v');
    await untilAll([one, other], { text: 'axyzdef', map: { k: 'v' } });
    const last = editors[late](url, 'doc');
    await untilAll([one, other, last], { text: 'axyzdef', map: { k: 'v' } });
    last.remove(0, 4);
    await untilAll([one, other, last], { text: 'def', map: { k: 'v' } });
  });

  test('D2, D3, C8: what they wrote is there after a restart, and after a compaction', async () => {
    const data = await directoryForTest();
    const first = await startServer({ data });
    const one = editors[young](first.url, 'doc', { clientId: 2 ** 32 });
    const other = editors[kind](first.url, 'doc');
    await synced(one, other);
    one.insert(0, 'kept over');
    await untilAll([one, other], { text: 'kept over', map: {} });
    other.remove(4, 5);
    other.set('k', 1);
    await untilAll([one, other], { text: 'kept', map: { k: 1 } });
    await synced(other);
    one.disconnect();
    other.disconnect();
    await first.close();
    const second = await startServer({ data });
    const writer = editors[young](second.url, 'doc');
    await untilAll([writer], { text: 'kept', map: { k: 1 } });
    writer.insert(4, '!');
    const witness = editors[kind](second.url, 'doc');
    await untilAll([witness], { text: 'kept!', map: { k: 1 } });
    writer.disconnect();
    witness.disconnect();
    await second.close();
    expect(await runHeddle(['compact', '--data', data])).toMatchObject({ code: 0 });
    const { url } = await serverForTest({ data });
    const readers = kinds.map((each) => editors[each](url, 'doc'));
    await untilAll(readers, { text: 'kept!', map: { k: 1 } });
    readers[0]!.remove(0, 4);
    await untilAll(readers, { text: '!', map: { k: 1 } });
  });
});

describe.each(kinds)('a Yjs 14 client with a hole, beside %s', (kind) => {
  test('C9: stays, and what it wrote on top of the hole is there once somebody fills the hole', async () => {
    const { url } = await serverForTest({ limits: { maxHeldMs: 200 } });
    const author = new Y14.Doc();
    const made: Uint8Array[] = [];
    author.on('update', (update: Uint8Array) => made.push(update));
    author.get('text').insert(0, 'the hole');
    author.get('map').setAttr('k', 1);
    const one = editors[young](url, 'doc');
    const other = editors[kind](url, 'doc');
    await synced(one, other);
    // As another tab would bring it, past the server.
    Y14.applyUpdate(one.doc, made[1]!);
    one.set('k', 2);
    await untilAll([one], { text: '', map: { k: 2 } });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    other.insert(0, 'goes on, ');
    await until(() => one.content().text === 'goes on, ', 'it hears others');
    expect(other.content().map).toEqual({});
    expect(one.closings()).toBe(0);
    const last = editors[young](url, 'doc');
    Y14.applyUpdate(last.doc, Y14.encodeStateAsUpdate(author));
    const text = (): string => one.content().text;
    await until(() => text().length === 17, 'the hole is filled');
    await untilAll([one, other, last], { text: text(), map: { k: 2 } });
    const late = editors[kind](url, 'doc');
    await untilAll([late], { text: text(), map: { k: 2 } });
    expect(one.closings()).toBe(0);
  });
});

/** A document of each generation, and what brings both to the same. */
function pair(): { old: Y.Doc; young: Y14.Doc; exchange: () => void } {
  const old = new Y.Doc();
  const fresh = new Y14.Doc();
  return {
    old,
    young: fresh,
    exchange() {
      Y14.applyUpdate(fresh, Y.encodeStateAsUpdate(old));
      Y.applyUpdate(old, Y14.encodeStateAsUpdate(fresh));
    },
  };
}

describe('docs/protocol.md on the two generations', () => {
  test('C1: nested types of Yjs 13, formats and embeds mean the same to Yjs 14, which may edit them', () => {
    const { old, young, exchange } = pair();
    const map = old.getMap('map');
    map.set('map', new Y.Map([['x', 1]]));
    map.set('list', Y.Array.from([1, 2]));
    map.set('text', new Y.Text('hi'));
    old.getText('text').insert(0, 'hello world');
    old.getText('text').format(0, 5, { bold: true });
    exchange();
    const same = young.get('map');
    same.getAttr('map').setAttr('y', 2);
    same.getAttr('list').insert(0, [0]);
    same.getAttr('text').insert(2, '!');
    young.get('text').format(6, 5, { italic: true });
    young.get('text').format(0, 2, { bold: null });
    exchange();
    expect(map.toJSON()).toEqual({ map: { x: 1, y: 2 }, list: [0, 1, 2], text: 'hi!' });
    expect(old.getText('text').toDelta()).toEqual([
      { insert: 'he' },
      { insert: 'llo', attributes: { bold: true } },
      { insert: ' ' },
      { insert: 'world', attributes: { italic: true } },
    ]);
  });

  test('C1: nested types, embeds and mixed lists of Yjs 14 are something else to Yjs 13', () => {
    const { old, young, exchange } = pair();
    const unnamed = new Y14.Type();
    unnamed.setAttr('z', 1);
    unnamed.insert(0, 'text');
    young.get('map').setAttr('unnamed', unnamed);
    young.get('map').setAttr('named', new Y14.Type('div'));
    young.get('text').insert(0, 'ab');
    young.get('text').insert(1, [{ img: 1 }]);
    young.get('list').insert(0, [5]);
    young.get('list').insert(0, 'ab');
    exchange();
    const map = old.getMap('map');
    expect(map.get('unnamed')).toBeInstanceOf(Y.XmlFragment);
    expect(String(map.get('unnamed'))).toBe('text');
    expect(String(map.get('named'))).toBe('<div></div>');
    expect(old.getText('text').toDelta()).toEqual([{ insert: 'ab' }]);
    expect(old.getText('text').length).toBe(3);
    expect(old.getArray('list').toJSON()).toEqual(['a', 'b', 5]);
  });
});
