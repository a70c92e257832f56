// What a document says of itself while its copy is loaded, and what becomes of edits that other tabs have left.

import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Connection } from '../../../client/connection/connection.js';
import { DocumentChannel } from '../../../client/document/document-channel.js';
import { DocumentSync } from '../../../client/document/document-sync.js';
import { StoredContent } from '../../../client/document/stored-content.js';
import { OfflineCopy } from '../../../client/offline/offline-copy.js';
import { KeptDocument } from '../../../client/provider/kept-document.js';
import { hasUnsynced } from '../../../client/provider/unsynced.js';
import { syncPhase } from '../../../client/provider/sync-status.js';
import { Network } from '../../support/client-sockets.js';
import { Device } from '../../support/offline-device.js';
import { frameOf } from '../../support/peer.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import { settled } from '../../support/turns.js';
import { collectUncaught } from '../../support/uncaught.js';

let server: SessionServer;
let network: Network;
let device: Device;
const cleanup: (() => void)[] = [];

beforeEach(() => {
  server = createSessionServer();
  network = new Network(() => server.transport);
  device = new Device();
});

afterEach(async () => {
  for (const clean of cleanup.splice(0)) clean();
  await settled(20);
  await server.run(10);
  await server.close();
});

/** A tab by itself: it hears the others only through the copy. */
function open(token = 'write'): {
  kept: KeptDocument;
  text: Y.Text;
  connection: Connection;
  awareness: Awareness;
} {
  const doc = new Y.Doc();
  const awareness = new Awareness(doc);
  const deps = { clock: server.clock, random: Math.random };
  const connection = new Connection({
    url: 'ws://server/',
    token: async () => token,
    device: 'device',
    agent: 'test/1',
    openSocket: network.openSocket,
    ...deps,
  });
  const copy = new OfflineCopy('doc', { ...device.deps, ...deps });
  const kept = new KeptDocument({
    doc,
    awareness,
    name: 'doc',
    connection,
    copy,
    channelName: undefined,
    ...deps,
  });
  kept.open();
  connection.connect();
  cleanup.push(() => {
    kept.destroy();
    connection.destroy();
    awareness.destroy();
  });
  return { kept, text: doc.getText('text'), connection, awareness };
}

describe('a document with a copy', () => {
  it('K3: edits made while the copy was read count with those found in it, and never as less', async () => {
    const before = await device.opened();
    before.type('a');
    await before.copy.flush();
    before.kill();
    network.state = 'down';
    const { kept, text } = open();
    text.insert(0, 'b');
    text.insert(1, 'c');
    const counts: number[] = [];
    kept.on('unsynced', (count) => void counts.push(count));
    await kept.whenLoaded;
    expect(text.toJSON()).toHaveLength(3);
    expect(counts).toEqual([3]);
  });

  it('K10, K61: what Yjs makes of its own accord is in the copy, and not pending there', async () => {
    const base = new Y.Doc();
    base.getText('text').insert(0, 'some words');
    const updates = [Y.encodeStateAsUpdate(base)];
    for (let i = 0; i < 2; i++) {
      const doc = new Y.Doc();
      Y.applyUpdate(doc, updates[0]!);
      doc.on('update', (update: Uint8Array) => updates.push(update));
      doc.getText('text').format(0, 4, { bold: true });
    }
    const { kept, text } = open('read');
    let tidied = 0;
    text.doc!.on('update', (_update: Uint8Array, origin: unknown) => (tidied += Number(origin === null)));
    await kept.whenLoaded;
    await server.run(200);
    for (const update of updates) {
      const sender = server.connect({ path: '/doc', greets: false });
      await server.run(50);
      sender.send(frameOf([0, 2], update));
      await server.run(100);
      sender.destroy();
    }
    await server.run(200);
    expect([tidied, kept.unsynced, kept.reason]).toEqual([1, 0, undefined]);
    await kept.copy?.flush();
    kept.destroy();
    await settled(20);
    network.state = 'down';
    const again = open('read');
    await again.kept.whenLoaded;
    expect(again.text.toDelta()).toEqual(text.toDelta());
    expect(again.kept.unsynced).toBe(0);
    again.kept.destroy();
    network.state = 'up';
    await settled(20);
    // Nor is it for who keeps the document without a Y.Doc.
    const copy = new OfflineCopy('doc', { ...device.deps, clock: server.clock });
    const { update } = await copy.load();
    const { connection } = again;
    const deps = { clock: server.clock, random: Math.random };
    const channel = new DocumentChannel({ name: 'doc', connection, ...deps });
    const content = new StoredContent(update, (more) => copy.add(more, false));
    const sync = new DocumentSync({ content, channel, ...deps });
    cleanup.push(() => {
      sync.destroy();
      channel.destroy();
      void copy.close();
    });
    channel.start();
    const synced = sync.synced();
    await server.run(60_000);
    await synced;
    expect([sync.access, sync.unsynced, sync.unsyncedBytes]).toEqual(['read', 0, 0]);
  });

  it('K10: what the application makes in an observer while the copy is loaded is an edit', async () => {
    const before = await device.opened();
    before.doc.getText('text').insert(0, 'bold', { bold: true });
    before.doc.getText('text').insert(4, ' word', { bold: null });
    await before.copy.flush();
    before.kill();
    network.state = 'down';
    const { kept, text } = open();
    text.observe(({ transaction }) => {
      if (!transaction.local) text.format(0, text.length, { bold: null });
    });
    await kept.whenLoaded;
    expect(text.toDelta()).toEqual([{ insert: 'bold word' }]);
    expect(kept.unsynced).toBe(3);
  });

  it('K41: what a listener of the application throws keeps no edit, and no presence, from anybody', async () => {
    const fault = new Error('of the application');
    const uncaught = collectUncaught();
    const { kept, text, awareness } = open();
    const throws = (): never => {
      throw fault;
    };
    // The application may listen before the provider does, and after.
    for (const event of ['update', 'afterTransaction', 'beforeTransaction'] as const)
      text.doc!.on(event, throws);
    awareness.on('change', throws);
    await kept.whenLoaded;
    await server.run(200);
    expect(() => text.insert(0, 'first')).toThrow(fault);
    expect(() => text.insert(0, 'second ')).toThrow(fault);
    awareness.setLocalState({ name: 'one' });
    expect(kept.unsynced).toBe(2);
    await kept.copy?.flush();
    await server.run(300);
    expect([kept.phase, kept.unsynced]).toEqual(['synced', 0]);
    const other = server.connect({ path: '/doc' });
    await server.run(200);
    expect(other.doc.getText('text').toJSON()).toBe('second first');
    expect([...other.awareness.getStates().values()]).toContainEqual({ name: 'one' });
    other.doc.getText('text').insert(0, 'third ');
    other.doc.getText('text').insert(0, 'fourth ');
    await server.run(200);
    expect(text.toJSON()).toBe('fourth third second first');
    kept.destroy();
    network.state = 'down';
    await settled(20);
    const again = open();
    await again.kept.whenLoaded;
    expect(again.text.toJSON()).toBe('fourth third second first');
    expect(uncaught.length).toBeGreaterThan(0);
    expect(uncaught.every((error) => error === fault)).toBe(true);
  });

  it('I8, K58: brings the server what another tab has left in the copy, before and after that is gone', async () => {
    const first = open();
    first.text.insert(0, 'known');
    await server.run(200);
    first.kept.destroy();
    await settled(20);
    const other = await device.opened();
    other.type(', left behind');
    await other.copy.flush();
    const { kept, text } = open();
    await kept.whenLoaded;
    await server.run(200);
    expect([kept.phase, kept.unsynced, text.toJSON()]).toEqual(['synced', 0, 'known, left behind']);
    expect(hasUnsynced(kept)).toBe(false);
    expect((await server.connected({ path: '/doc' })).text).toBe('known, left behind');
    await server.run(2_000);
    network.state = 'down';
    other.type(' again');
    await other.copy.flush();
    const offline = open();
    await offline.kept.whenLoaded;
    expect([offline.text.toJSON(), offline.kept.unsynced]).toEqual(['known, left behind again', 0]);
    expect([offline.kept.isInDoubt, hasUnsynced(offline.kept)]).toEqual([true, true]);
    network.state = 'up';
    other.kill();
    await settled(20);
    await server.run(60_000);
    expect([offline.kept.phase, hasUnsynced(offline.kept)]).toEqual(['synced', false]);
    expect((await server.connected({ path: '/doc' })).text).toBe('known, left behind again');
  });

  it('K20: a copy that is read late is merged, and what was pending in it reaches the server', async () => {
    const before = await device.opened();
    before.type('left behind ');
    await before.copy.flush();
    before.kill();
    const lost = vi.spyOn(device.factory, 'open').mockImplementation(() => {
      throw new DOMException('Connection to Indexed Database server lost', 'UnknownError');
    });
    const { kept, text } = open();
    await expect(kept.whenLoaded).rejects.toMatchObject({ code: 'OFFLINE_FAILED' });
    text.insert(0, 'typed ');
    await server.run(200);
    expect([kept.phase, kept.isCopyUnread, kept.isSavedLocally]).toEqual(['synced', true, false]);
    lost.mockRestore();
    await server.run(5_000);
    expect([kept.isCopyUnread, kept.isSavedLocally, kept.unsynced]).toEqual([false, true, 0]);
    const { text: there } = await server.connected({ path: '/doc' });
    expect(there).toContain('left behind');
    expect(there).toContain('typed');
  });

  it('K20: a document is not synced while its copy may hold edits that nobody has seen', () => {
    const facts = {
      isLoaded: true,
      connection: 'open',
      isBroken: false,
      document: 'synced',
      unsyncedChanges: 0,
      unsyncedBytes: 0,
      refusedBytes: 0,
    } as const;
    expect(syncPhase({ ...facts, mayLack: true })).toBe('syncing');
    expect(syncPhase({ ...facts, mayLack: false })).toBe('synced');
  });
});
