// O3: how a server ends, under load, over a store that is slow or hangs, with hooks that do.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shutDown, type ShutDownParts } from '../../server/shut-down.js';
import { withDocument, type EditDeps } from '../../server/room/with-document.js';
import type { RoomFanout } from '../../server/session/room-fanout.js';
import { parseDocumentName } from '../../shared/document-name.js';
import type { MemoryPeer } from '../support/memory-peer.js';
import { nativePeer, openedBy } from '../support/native-peer.js';
import { textOf } from '../support/room-watch.js';
import { createSessionServer, type SessionServer } from '../support/session-server.js';
import { watch } from '../support/turns.js';
import { InProcessWorker } from '../support/in-process-worker.js';

const document = parseDocumentName('doc');
let server: SessionServer;

beforeEach(() => {
  server = createSessionServer();
});

afterEach(() => server.close());

function partsOf(own: Partial<ShutDownParts> = {}): ShutDownParts {
  const { gateway, registry, sessions } = server;
  return {
    gateway,
    registry,
    sessions,
    transport: { stopListening() {}, close() {} },
    changes: { close: async () => {} },
    devices: { close: async () => {} },
    rosters: { close: async () => {} },
    store: { close: async () => {} },
    ...own,
  };
}

/** Runs until the end has come. Returns how long that took on the server's clock, and what it ended with. */
async function runToEnd(ended: Promise<void>): Promise<{ ms: number; error: unknown }> {
  const watched = watch(ended);
  let ms = 0;
  for (; !watched.isSettled && ms < 20_000; ms += 5) await server.run(5);
  expect(watched.isSettled, 'it ends').toBe(true);
  return { ms, error: watched.error };
}

async function storedText(): Promise<string> {
  const stored = await server.store.kept.load(document);
  const updates = [stored?.checkpoint?.update, ...(stored?.records ?? []).map(({ update }) => update)];
  return textOf(updates.filter((update) => update !== undefined));
}

function slowStore(ms: number): void {
  server.store.delay = (operation) =>
    operation === 'append' ? new Promise((resolve) => void server.clock.after(ms, resolve)) : undefined;
}

function editing(): EditDeps<RoomFanout> {
  return { registry: server.registry, worker: new InProcessWorker(), gc: true };
}

describe('O3: shutting down', () => {
  it('ends soon under endless load: everybody is told, and what was acknowledged is stored', async () => {
    slowStore(20);
    const stock: MemoryPeer[] = [];
    for (let i = 0; i < 20; i++) stock.push(server.connect());
    const reader = await server.connected({ token: 'read' });
    const peer = await nativePeer(server);
    const opened = await openedBy(server, peer, 'doc');
    let count = 0;
    const numbered: string[] = [];
    const typing = server.clock.every(5, () => {
      const text = `<${++count}>`;
      for (const client of stock) if (client.end.state === 'open') client.insert(text);
      if (peer.end.state !== 'open') return;
      const own = `[${count}]`;
      numbered.push(own);
      peer.insert(opened, own);
    });
    await server.run(300);
    const { ms, error } = await runToEnd(shutDown(partsOf(), server.clock));
    typing.cancel();
    expect(error).toBeUndefined();
    expect(ms).toBeLessThan(1_000);
    for (const { closed } of [...stock, reader]) expect(closed).toMatchObject({ code: 1012 });
    expect([
      peer.closed?.code,
      peer.heardOf('goodbye').at(-1)?.code ?? peer.heardOf('closed').at(-1)?.code,
    ]).toEqual([1012, 'DRAINING']);
    expect(opened.acked).toBeGreaterThan(0);
    const text = await storedText();
    for (const own of numbered.slice(0, opened.acked)) expect(text).toContain(own);
  });

  it('acknowledges what was accepted, to whoever does not go on writing', async () => {
    server.store.hold('append');
    const [client, other] = [await server.connected(), await server.connected()];
    client.insert('last words');
    await server.settle();
    const ended = shutDown(partsOf(), server.clock);
    await server.run(100);
    other.insert('too late');
    await server.run(20);
    expect(other.closed).toEqual({ code: 1012, reason: 'DRAINING' });
    expect(client.closed).toBeUndefined();
    server.store.release('append');
    const { error } = await runToEnd(ended);
    expect(error).toBeUndefined();
    expect(client.heardOf('update').length).toBe(1);
    expect(client.closed).toEqual({ code: 1012, reason: 'DRAINING' });
    expect(await storedText()).toBe('last words');
  });

  it('tells everybody in time when the store hangs, and says that not everything is written', async () => {
    const [client, other] = [await server.connected(), await server.connected()];
    server.store.hold('append');
    client.insert('not stored');
    await server.run(20);
    const { ms, error } = await runToEnd(
      shutDown(partsOf({ store: { close: () => new Promise(() => {}) } }), server.clock),
    );
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(ms).toBeLessThan(10_000);
    for (const { closed } of [client, other]) expect(closed).toMatchObject({ code: 1012 });
    expect(client.text).toBe('not stored');
  });

  it('does not wait for hooks that never end', async () => {
    const { ms, error } = await runToEnd(
      shutDown(partsOf({ changes: { close: () => new Promise(() => {}) } }), server.clock),
    );
    expect(error).toBeUndefined();
    expect(ms).toBeLessThan(2_000);
  });

  it('stores what hooks write at the end', async () => {
    const edit = (): Promise<void> =>
      withDocument(editing(), document, (ydoc) => ydoc.getText('text').insert(0, 'by a hook'));
    const { error } = await runToEnd(shutDown(partsOf({ changes: { close: edit } }), server.clock));
    expect(error).toBeUndefined();
    expect(await storedText()).toBe('by a hook');
  });
});

describe('O3: an edit of the server', () => {
  it('waits for its own document, not for others whose writers never pause', async () => {
    slowStore(20);
    const client = await server.connected({ path: '/busy' });
    const typing = server.clock.every(5, () => client.insert('x'));
    await server.run(100);
    const edited = watch(withDocument(editing(), document, (ydoc) => ydoc.getText('text').insert(0, 'a')));
    let ms = 0;
    for (; !edited.isSettled && ms < 1_000; ms += 5) await server.run(5);
    expect(edited).toEqual({ isSettled: true, error: undefined });
    expect(ms).toBeLessThan(200);
    typing.cancel();
    await server.run(100);
  });
});
