// One tab and its copy: what is stored, when, and how it is found again.

import { describe, expect, test } from 'vitest';
import { IndexeddbPersistence } from 'y-indexeddb';
import * as Y from 'yjs';
import { Device, textOf, updateOf } from '../../support/offline-device.js';
import { settled } from '../../support/turns.js';

const position = { epoch: 'e', offset: 7 };

describe('offline copy', () => {
  test('I1 what was handed in is there at the next load, and is saved only when its transaction is complete', async () => {
    const device = new Device();
    const tab = await device.opened();
    expect(tab.copy.isSaved).toBe(true);
    tab.type('warp');
    expect(tab.copy.isSaved).toBe(false);
    expect(await device.storedText()).toBe('');
    device.clock.advance(100);
    // On its way is not saved.
    expect(tab.copy.isSaved).toBe(false);
    await settled(30);
    expect(tab.copy.isSaved).toBe(true);
    expect(tab.saved).toEqual([true, false, true]);
    expect(await device.storedText()).toBe('warp');
    tab.kill();
    expect((await device.opened()).text).toBe('warp');
  });

  test('I1 flush stores at once all that was handed in, also while something is being stored', async () => {
    const device = new Device();
    const tab = await device.opened();
    tab.type('one ');
    const first = tab.copy.flush();
    tab.type('two ');
    const second = tab.copy.flush();
    tab.type('three');
    await Promise.all([first, second, tab.copy.flush()]);
    expect(tab.copy.isSaved).toBe(true);
    expect(await device.storedText()).toBe('one two three');
  });

  test('I1 what is handed in before it is loaded is stored then', async () => {
    const device = new Device();
    const tab = device.tab();
    tab.type('early');
    tab.receive(updateOf('!'));
    const { update } = await tab.load();
    expect(update).toBeUndefined();
    await tab.copy.flush();
    expect((await device.rows()).length).toBe(2);
    expect((await device.storedText()).length).toBe('early!'.length);
  });

  test('I1 close stores what was handed in, and leaves no timer and no lock', async () => {
    const device = new Device();
    const tab = await device.opened();
    tab.type('bye');
    await tab.copy.close();
    expect(await device.storedText()).toBe('bye');
    expect(device.clock.pending).toBe(0);
    expect(device.locks.names).toEqual([]);
    expect(tab.copy.isSaved).toBe(false);
    tab.type('nothing');
    await tab.copy.flush();
    await tab.copy.close();
    expect(await device.storedText()).toBe('bye');
  });

  test('I1 a copy that is closed before or while it loads lets go of everything', async () => {
    const device = new Device();
    const unopened = device.tab();
    await unopened.copy.close();
    await expect(unopened.copy.load()).rejects.toThrow('closed');
    const tab = device.tab();
    tab.type('quick');
    const loading = tab.load();
    await tab.copy.close();
    await loading;
    expect(device.clock.pending).toBe(0);
    expect(device.locks.names).toEqual([]);
    expect(await device.storedText()).toBe('quick');
  });

  test('I1 a copy that is opened while another of the page closes finds what that one leaves', async () => {
    const device = new Device();
    const tab = await device.opened();
    tab.type('handed over');
    const closed = tab.copy.close();
    const { pending } = await device.tab().load();
    expect(textOf(pending.map(({ update }) => update))).toBe('handed over');
    await closed;
  });

  test('I2 opening writes no rows, however often', async () => {
    const device = new Device();
    for (let i = 0; i < 5; i++) await (await device.opened()).copy.close();
    expect(await device.rows()).toEqual([]);
    const tab = await device.opened();
    tab.type('some');
    await tab.copy.close();
    for (let i = 0; i < 5; i++) await (await device.opened()).copy.close();
    expect((await device.rows()).length).toBe(1);
  });

  test('I2 what is typed within a tenth of a second is one row', async () => {
    const device = new Device();
    const tab = await device.opened();
    for (let i = 0; i < 50; i++) tab.type('x');
    await device.pass(100);
    expect((await device.rows()).length).toBe(1);
    expect((await device.storedText()).length).toBe(50);
  });

  test('I3 edits are pending until they are durable, in order', async () => {
    const device = new Device();
    const tab = await device.opened();
    for (const word of ['one ', 'two ', 'three ']) {
      tab.type(word);
      await tab.copy.flush();
    }
    tab.copy.durable(2);
    await tab.copy.flush();
    tab.kill();
    const next = device.tab();
    const { pending, update } = await next.load();
    expect(pending.length).toBe(1);
    expect(textOf([update])).toBe('one two three ');
    // The pending one counts first, then what is typed.
    next.type('four');
    next.copy.durable(1);
    await next.copy.flush();
    next.kill();
    const last = await device.tab().load();
    expect(last.pending.length).toBe(1);
    expect(Y.parseUpdateMeta(last.pending[0]!.update).from.get(next.doc.clientID)).toBe(0);
  });

  test('I3 a row of several edits is pending until the last of them is durable', async () => {
    const device = new Device();
    const tab = await device.opened();
    tab.type('one ');
    tab.type('two');
    await tab.copy.flush();
    tab.copy.durable(1);
    await tab.copy.flush();
    tab.kill();
    const [only, ...none] = (await device.tab().load()).pending;
    expect(textOf([only?.update])).toBe('one two');
    expect(only?.edits).toBe(2);
    expect(none).toEqual([]);
  });

  test('I3 an edit that is durable before it is stored is stored, and not pending', async () => {
    const device = new Device();
    const tab = await device.opened();
    tab.type('quick ');
    tab.copy.durable(1);
    tab.type('slow');
    await tab.copy.flush();
    tab.kill();
    const { pending, update } = await device.tab().load();
    expect(textOf([update])).toBe('quick slow');
    expect(pending.length).toBe(1);
  });

  test('I4 a position is stored with what came before it, and access with it', async () => {
    const device = new Device();
    const tab = await device.opened();
    expect(await device.tab('other').load()).toEqual({
      update: undefined,
      position: undefined,
      pending: [],
      hasOthersPending: false,
      access: undefined,
    });
    tab.receive(updateOf('theirs'), position);
    tab.copy.setAccess('read');
    await device.pass(100);
    tab.kill();
    const loaded = await device.tab().load();
    expect(loaded).toMatchObject({ position, access: 'read', pending: [] });
    expect(textOf([loaded.update])).toBe('theirs');
  });

  test('I4 a position alone is stored within a second or two, and never goes back', async () => {
    const device = new Device();
    const tab = await device.opened();
    tab.copy.reached(position);
    await device.pass(1_000);
    tab.copy.reached({ epoch: 'e', offset: 3 });
    await tab.copy.flush();
    tab.kill();
    expect((await device.tab().load()).position).toEqual(position);
  });

  test('I5 the rows of continuous typing stay few, and their bytes near those of the document', async () => {
    const device = new Device();
    const doc = { tab: undefined as Y.Doc | undefined };
    const tab = await device.opened('doc', { encodeDocument: () => Y.encodeStateAsUpdate(doc.tab!) });
    doc.tab = tab.doc;
    let most = 0;
    for (let i = 0; i < 1_500; i++) {
      tab.type('typing ');
      device.clock.advance(100);
      if (i % 2 === 0) tab.copy.durable(2);
      await tab.copy.flush();
      if (i % 50 === 0) most = Math.max(most, (await device.rows()).length);
    }
    expect(most).toBeLessThan(100);
    const bytes = (await device.rows()).reduce((sum, { update }) => sum + update.byteLength, 0);
    expect(bytes).toBeLessThan(Y.encodeStateAsUpdate(tab.doc).byteLength * 2);
    expect(await device.storedText()).toBe(tab.text);
    tab.kill();
    expect((await device.opened()).text).toBe(tab.text);
  });

  test('I5 edits that nobody takes are merged too, and are pending still', async () => {
    const device = new Device();
    const tab = await device.opened();
    for (let i = 0; i < 200; i++) {
      tab.type(`${i} `);
      await tab.copy.flush();
    }
    expect((await device.rows()).length).toBeLessThan(30);
    tab.copy.durable(199);
    await tab.copy.flush();
    tab.kill();
    const { pending, update } = await device.tab().load();
    expect(textOf([update])).toBe(tab.text);
    expect(pending.length).toBe(1);
  });

  test('I5 what is typed while rows are merged is not lost', async () => {
    const device = new Device();
    const tab = await device.opened();
    tab.receive(updateOf('x'.repeat(70_000)));
    await tab.copy.flush();
    tab.receive(updateOf('y'.repeat(70_000)));
    await tab.copy.flush();
    for (let i = 0; i < 20; i++) {
      tab.receive(updateOf('z'.repeat(30_000)));
      const merging = tab.copy.flush();
      tab.type(`${i}`);
      await merging;
    }
    await tab.copy.flush();
    expect((await device.rows()).length).toBeLessThan(50);
    expect(await device.storedText()).toBe(tab.text);
  });

  test('I6 a database of y-indexeddb is taken as it is, and compared with the server first', async () => {
    const device = new Device();
    const doc = new Y.Doc();
    const theirs = new IndexeddbPersistence('doc', doc);
    await theirs.whenSynced;
    doc.getText('text').insert(0, 'from before');
    await theirs.destroy();
    const tab = device.tab();
    const loaded = await tab.load();
    expect(tab.text).toBe('from before');
    expect(loaded).toMatchObject({ position: undefined, pending: [] });
    tab.copy.reached(position);
    await tab.copy.close();
    expect(await device.tab().load()).toMatchObject({ position });
  });

  test('I6 y-indexeddb reads our database, and what it writes or merges is found and compared', async () => {
    const device = new Device();
    const tab = await device.opened();
    tab.type('ours');
    await tab.copy.flush();
    tab.copy.reached(position);
    await tab.copy.close();
    const doc = new Y.Doc();
    const theirs = new IndexeddbPersistence('doc', doc);
    await theirs.whenSynced;
    expect(doc.getText('text').toJSON()).toBe('ours');
    doc.getText('text').insert(4, ' and theirs');
    await theirs.destroy();
    const next = device.tab();
    expect((await next.load()).position).toBeUndefined();
    expect(next.text).toBe('ours and theirs');
    next.copy.reached(position);
    await next.copy.close();
    expect((await device.tab().load()).position).toEqual(position);
  });

  test('I6 a document of thousands of rows is read and merged', async () => {
    const device = new Device();
    await (await device.opened()).copy.close();
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    for (let i = 0; i < 1_659; i++) doc.getText('text').insert(i, 'x');
    await device.within('doc', async (rows) => {
      for (const update of updates) rows.add(update);
    });
    const tab = await device.opened();
    expect(tab.text.length).toBe(1_659);
    await device.pass(1_000);
    expect((await device.rows()).length).toBe(1);
    expect(await device.storedText()).toBe(tab.text);
  });
});
