// The tabs of one browser over one copy: who stores what, and what becomes of a tab that goes.

import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { createFakeClock } from '../../support/fake-clock.js';
import { noLocks } from '../../support/memory-locks.js';
import { Device, result, textOf, updateOf, type Tab } from '../../support/offline-device.js';
import { settled } from '../../support/turns.js';

const position = { epoch: 'e', offset: 7 };

/** Every edit of a tab reaches the others, as over a channel or by the server. */
function connect(tabs: readonly Tab[]): void {
  for (const tab of tabs)
    tab.doc.on('update', (update: Uint8Array, _origin: unknown, _doc: Y.Doc, { local }: Y.Transaction) => {
      if (local) for (const other of tabs) if (other !== tab) other.receive(update);
    });
}

async function openTabs(device: Device, count: number): Promise<Tab[]> {
  const tabs: Tab[] = [];
  for (let i = 0; i < count; i++) tabs.push(await device.opened());
  return tabs;
}

describe('tabs over one offline copy', () => {
  test('I7 what comes from elsewhere is stored by one tab, each edit by the tab that made it', async () => {
    const device = new Device();
    const tabs = await openTabs(device, 4);
    for (let i = 0; i < 50; i++) {
      const update = updateOf(`${i} `);
      for (const tab of tabs) tab.receive(update);
      await device.pass(100);
    }
    for (const tab of tabs) expect(tab.copy.isSaved).toBe(true);
    expect((await device.rows()).length).toBe(50);
    expect((await device.storedText()).length).toBe(tabs[0]!.text.length);
    tabs[3]!.type('edit');
    await tabs[3]!.copy.flush();
    // What it may depend on was found in the rows.
    expect((await device.rows()).length).toBe(51);
  });

  test('I7 four tabs that type fifty times each leave a bounded number of rows', async () => {
    const device = new Device();
    const tabs = await openTabs(device, 4);
    connect(tabs);
    for (let i = 0; i < 50; i++) {
      for (const tab of tabs) tab.type('x');
      await device.pass(100);
      for (const tab of tabs) tab.copy.durable(1);
    }
    await device.pass(1_000);
    expect((await device.rows()).length).toBeLessThan(80);
    expect((await device.storedText()).length).toBe(200);
  });

  test('I7 when the writer goes the next one completes the rows, then stores the position', async () => {
    const device = new Device();
    const [writer, next] = await openTabs(device, 2);
    const seen = updateOf('of the server');
    writer!.receive(seen);
    next!.receive(seen, position);
    await device.pass(1_000);
    writer!.receive(updateOf('lost'));
    writer!.kill();
    await settled();
    next!.receive(updateOf(' and more'), { ...position, offset: 9 });
    await next!.copy.flush();
    expect((await device.storedText()).length).toBe('of the server and more'.length);
    await next!.copy.close();
    // A tab has died beside another: what was stored is compared.
    expect((await device.tab().load()).position).toBeUndefined();
  });

  test('I7 a tab that is not the writer stores no position, and takes over complete', async () => {
    const device = new Device();
    const [writer, next] = await openTabs(device, 2);
    next!.receive(updateOf('only here'), position);
    await device.pass(2_000);
    expect(await device.rows()).toEqual([]);
    await writer!.copy.close();
    await next!.copy.close();
    const loaded = await device.tab().load();
    expect(textOf([loaded.update])).toBe('only here');
    expect(loaded.position).toEqual(position);
  });

  test('J13 what the writer does not store in time is stored by another tab, and not saved before', async () => {
    const device = new Device();
    const stopped = createFakeClock();
    const writer = await device.opened('doc', { clock: stopped });
    const others = [await device.opened(), await device.opened()];
    const remote = updateOf('remote');
    for (const tab of [writer, ...others]) tab.receive(remote);
    for (let i = 0; i < 30; i++) {
      await device.pass(100);
      const stored = await device.storedText();
      for (const { copy } of others) if (copy.isSaved) expect(stored).toBe('remote');
    }
    expect(others.map(({ copy }) => copy.isSaved)).toEqual([true, true]);
    // The writer goes on, and is not taken for somebody who has stored it.
    expect(writer.copy.isSaved).toBe(false);
    stopped.advance(5_000);
    await settled(30);
    expect(writer.copy.isSaved).toBe(true);
    expect(await device.storedText()).toBe('remote');
  });

  test('J13 a writer that has not heard of something does not make it count as saved', async () => {
    const device = new Device();
    const [, other] = await openTabs(device, 2);
    other!.receive(updateOf('never heard by the writer'));
    await device.pass(1_000);
    expect(other!.copy.isSaved).toBe(false);
    await device.pass(2_000);
    expect(other!.copy.isSaved).toBe(true);
    expect(await device.storedText()).toBe('never heard by the writer');
  });

  test('J13 what the writer has stored counts as saved in the other tabs soon, and is not stored again', async () => {
    const device = new Device();
    const tabs = await openTabs(device, 3);
    const text = updateOf('x'.repeat(300_000));
    for (const tab of tabs) tab.receive(text);
    expect(tabs.map(({ copy }) => copy.isSaved)).toEqual([false, false, false]);
    await device.pass(1_000);
    expect(tabs.map(({ copy }) => copy.isSaved)).toEqual([true, true, true]);
    tabs[0]!.doc.getText('text').delete(5, 10);
    for (const tab of tabs.slice(1)) tab.receive(Y.encodeStateAsUpdate(tabs[0]!.doc));
    expect(tabs.slice(1).map(({ copy }) => copy.isSaved)).toEqual([false, false]);
    await device.pass(3_000);
    expect(tabs.map(({ copy }) => copy.isSaved)).toEqual([true, true, true]);
    expect((await device.rows()).length).toBe(2);
  });

  test('J13 `flush` of a tab that is not the writer resolves when what it has heard is stored', async () => {
    const device = new Device();
    const [, other] = await openTabs(device, 2);
    other!.receive(updateOf('heard'));
    await other!.copy.flush();
    expect(other!.copy.isSaved).toBe(true);
    expect(await device.storedText()).toBe('heard');
  });

  test('J13 where a row is no update, a tab stores what it has heard itself', async () => {
    const device = new Device();
    const [, other] = await openTabs(device, 2);
    await device.within('doc', (rows) => result(rows.add(new Uint8Array([9, 9]))));
    other!.receive(updateOf('heard'));
    await device.pass(1_000);
    expect(other!.errors.map(({ code }) => code)).toEqual(['OFFLINE_CORRUPT']);
    expect(textOf([(await device.rows()).at(-1)!.update])).toBe('heard');
  });

  test('I7 what a tab keeps for taking over is bounded: beyond it takes the whole document', async () => {
    const device = new Device();
    const writer = await device.opened();
    const doc: { of?: Y.Doc } = {};
    let asked = 0;
    const next = await device.opened('doc', {
      encodeDocument: () => {
        asked++;
        return Y.encodeStateAsUpdate(doc.of!);
      },
    });
    doc.of = next.doc;
    for (let i = 0; i < 20; i++) next.receive(updateOf('x'.repeat(20_000)));
    expect(asked).toBe(0);
    writer.kill();
    await settled();
    await next.copy.flush();
    expect(asked).toBe(1);
    expect((await device.storedText()).length).toBe(400_000);
  });

  test('I7 an edit is stored with what it may depend on, which the writer may never come to store', async () => {
    const device = new Device();
    const tabs = await openTabs(device, 2);
    connect(tabs);
    tabs[0]!.type('first');
    tabs[1]!.type(' second');
    await tabs[1]!.copy.flush();
    for (const tab of tabs) tab.kill();
    expect((await device.opened()).text).toBe('first second');
  });

  test('I7 an edit is stored with the whole document where what it may depend on was too much to keep', async () => {
    const device = new Device();
    await device.opened();
    const doc: { of?: Y.Doc } = {};
    const encodeDocument = (): Uint8Array => Y.encodeStateAsUpdate(doc.of!);
    const next = await device.opened('doc', { encodeDocument });
    doc.of = next.doc;
    for (let i = 0; i < 20; i++) next.receive(updateOf('x'.repeat(20_000)));
    next.type('!');
    await next.copy.flush();
    expect((await device.storedText()).length).toBe(400_001);
  });

  test('I5 rows that become the document keep what another tab has stored beyond it', async () => {
    const device = new Device();
    const holder: { doc?: Y.Doc } = {};
    const writer = await device.opened('doc', {
      encodeDocument: () => Y.encodeStateAsUpdate(holder.doc!),
    });
    holder.doc = writer.doc;
    const other = await device.opened();
    other.type('only in the rows');
    other.copy.durable(1);
    await other.copy.flush();
    for (let i = 0; i < 100; i++) {
      writer.type('x');
      writer.copy.durable(1);
      await writer.copy.flush();
    }
    expect((await device.rows()).length).toBeLessThan(70);
    expect((await device.storedText()).length).toBe('only in the rows'.length + 100);
  });

  test('I8 pending rows of a tab that is alive are left to it, those of a dead one are taken over', async () => {
    const device = new Device();
    const [first, second] = await openTabs(device, 2);
    first!.type('first');
    second!.type('second');
    await device.pass(100);
    const third = await device.opened();
    expect(third.text).toContain('first');
    second!.kill();
    const fourth = device.tab();
    const { pending } = await fourth.load();
    expect(textOf(pending.map(({ update }) => update))).toBe('second');
    first!.copy.durable(1);
    await first!.copy.flush();
    // Taken over once.
    const fifth = await device.tab().load();
    expect(fifth.pending).toEqual([]);
    fourth.copy.durable(1);
    await fourth.copy.close();
    first!.kill();
    third.kill();
    expect((await device.tab().load()).pending).toEqual([]);
  });

  test('I8 edits that were left to the tab that made them are told of when it goes before they are durable', async () => {
    const device = new Device();
    const [first, second] = await openTabs(device, 2);
    for (const tab of [first!, second!]) tab.type('edit');
    await device.pass(100);
    const third = await device.opened();
    let told = 0;
    third.copy.on('orphaned', () => told++);
    first!.copy.durable(1);
    await device.pass(2_000);
    first!.kill();
    await settled(20);
    expect(told).toBe(0);
    await second!.copy.close();
    await settled(20);
    expect(told).toBe(1);
    await third.copy.close();
    expect(device.locks.names).toEqual([]);
  });

  test('I8 a tab that died beside another leaves the position in doubt, until one has compared', async () => {
    const device = new Device();
    const [writer, other] = await openTabs(device, 2);
    writer!.receive(updateOf('known'), position);
    await writer!.copy.flush();
    // The writer stores what the other has typed, which itself does not come to it.
    other!.type('shown');
    writer!.receive(Y.encodeStateAsUpdate(other!.doc));
    await writer!.copy.flush();
    other!.kill();
    writer!.kill();
    const next = device.tab();
    const loaded = await next.load();
    expect(loaded).toMatchObject({ position: undefined, pending: [] });
    expect(next.text).toContain('shown');
    next.copy.reached(position);
    await next.copy.close();
    expect((await device.tab().load()).position).toEqual(position);
  });

  test('I8 tabs that were closed leave nothing in doubt', async () => {
    const device = new Device();
    const [writer, other] = await openTabs(device, 2);
    writer!.receive(updateOf('known'), position);
    other!.type('mine');
    await writer!.copy.close();
    await other!.copy.close();
    const { position: found, pending } = await device.tab().load();
    expect(found).toEqual(position);
    expect(textOf(pending.map(({ update }) => update))).toBe('mine');
  });

  test('I8 one tab alone that dies leaves nothing in doubt', async () => {
    const device = new Device();
    const tab = await device.opened();
    tab.receive(updateOf('known'), position);
    tab.type('mine');
    await tab.copy.flush();
    tab.kill();
    const { position: found, pending } = await device.tab().load();
    expect(found).toEqual(position);
    expect(pending.length).toBe(1);
  });

  test('I9 without Web Locks every tab stores everything, and all that is pending is returned', async () => {
    const device = new Device();
    const first = await device.opened('doc', { locks: noLocks });
    first.type('first');
    await first.copy.flush();
    const second = device.tab('doc', { locks: noLocks });
    const loaded = await second.load();
    expect(textOf(loaded.pending.map(({ update }) => update))).toBe('first');
    expect(loaded.position).toBeUndefined();
    second.receive(updateOf(' both'));
    first.receive(updateOf(' both'));
    await Promise.all([first.copy.flush(), second.copy.flush()]);
    expect((await device.rows()).length).toBe(3);
    second.copy.durable(1);
    await second.copy.close();
    await first.copy.close();
    expect((await device.tab('doc', { locks: noLocks }).load()).pending).toEqual([]);
    expect(device.clock.pending).toBeGreaterThanOrEqual(0);
  });
});
