// Large uploads: over the limits of the server, over a thin line, beside other documents.

import { afterEach, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { mostOnWay } from '../../../client/connection/uploads.js';
import type { OpenSocket } from '../../../client/connection/socket.js';
import type { DocumentReason } from '../../../client/document/document-reason.js';
import { SyncedDoc } from '../../support/synced-doc.js';
import { syncPhase } from '../../../client/provider/sync-status.js';
import type { Limits } from '../../../shared/limits.js';
import { Network } from '../../support/client-sockets.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import { thinLine } from '../../support/thin-line.js';
import { openDevice, type Device, type DeviceOptions } from './device.js';

let server: SessionServer;
let network: Network;
const cleanup: (() => void)[] = [];

function start(limits: Partial<Limits> = {}): void {
  server = createSessionServer({ limits });
  network = new Network(() => server.transport);
}

afterEach(async () => {
  for (const clean of cleanup.splice(0)) clean();
  await server.run(10);
  await server.close();
});

function device({ openSocket, ...options }: DeviceOptions & { openSocket?: OpenSocket } = {}): Device {
  if (openSocket !== undefined) Object.defineProperty(network, 'openSocket', { value: openSocket });
  const one = openDevice(server, network, options);
  cleanup.push(() => one.destroy());
  return one;
}

/** Another document on the same connection. */
function beside({ connection }: Device, name: string): { doc: Y.Doc; sync: SyncedDoc } {
  const { clock } = server;
  const doc = new Y.Doc();
  const sync = new SyncedDoc({
    doc,
    name,
    connection,
    clock,
    random: () => 0.5,
  });
  sync.start();
  cleanup.push(() => sync.destroy());
  return { doc, sync };
}

/** Notes how large the frames are that are sent. */
function watched(openSocket: OpenSocket, sizes: number[]): OpenSocket {
  return (url, events, token) => {
    const socket = openSocket(url, events, token);
    return {
      send(frame) {
        sizes.push(frame.length);
        socket.send(frame);
      },
      get bufferedBytes() {
        return socket.bufferedBytes;
      },
      close: () => socket.close(),
    };
  };
}

/** Text of so many bytes that is no repetition of itself. */
function textOf(bytes: number): string {
  const numbers = Array.from({ length: Math.ceil(bytes / 8) }, (_, at) => String(at).padStart(8, '.'));
  return numbers.join('').slice(0, bytes);
}

describe('N20: what is larger than the server takes in one message', () => {
  it.each(['an edit', 'a document from elsewhere', 'many edits of one turn'])(
    'arrives in parts that it takes: %s',
    async (what) => {
      start({ maxMessageBytes: 20_000 });
      const doc = new Y.Doc();
      const fill = (): void => {
        const parts = what === 'many edits of one turn' ? 100 : 1;
        for (let part = 0; part < parts; part++)
          doc.getText('text').insert(part * (100_000 / parts), textOf(100_000 / parts));
      };
      if (what === 'a document from elsewhere') fill();
      const sizes: number[] = [];
      const one = device({ doc, openSocket: watched(network.openSocket, sizes) });
      const other = beside(one, 'other');
      await server.run(100);
      if (what !== 'a document from elsewhere') fill();
      other.doc.getText('text').insert(0, 'typed');
      await server.run(500);
      expect(network.attempts).toBe(1);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(20_000);
      expect([one.sync.unsynced, one.sync.unsyncedBytes, other.sync.unsyncedBytes]).toEqual([0, 0, 0]);
      expect((await server.connected({ path: '/doc' })).text).toBe(one.text.toString());
      expect((await server.connected({ path: '/other' })).text).toBe('typed');
    },
  );

  it('goes on where it was when the connection was lost on the way', async () => {
    start();
    const one = device({
      openSocket: thinLine(network.openSocket, { clock: server.clock, bytesPerMs: 1_000 }),
    });
    await server.run(100);
    one.text.insert(0, textOf(1_000_000));
    await server.run(500);
    const left = one.sync.unsyncedBytes;
    expect(left).toBeLessThan(700_000);
    network.state = 'down';
    await server.run(50);
    network.state = 'up';
    const sent = network.sentBytes;
    await server.run(3_000);
    expect([one.sync.unsynced, one.sync.unsyncedBytes]).toEqual([0, 0]);
    expect(network.sentBytes - sent).toBeLessThan(left + 10_000);
    expect((await server.connected({ path: '/doc' })).text).toBe(one.text.toString());
  });
});

describe('N21: a large upload', () => {
  it('leaves room for the edits of other documents, and has little on its way at once', async () => {
    start();
    const bytesPerMs = 100;
    let most = 0;
    const line = thinLine(network.openSocket, { clock: server.clock, bytesPerMs });
    const openSocket: OpenSocket = (url, events, token) => {
      const socket = line(url, events, token);
      const send = socket.send.bind(socket);
      socket.send = (frame) => {
        send(frame);
        most = Math.max(most, socket.bufferedBytes);
      };
      return socket;
    };
    const one = device({ openSocket });
    const other = beside(one, 'other');
    await server.run(200);
    for (let at = 0; at < 4; at++) one.text.insert(0, textOf(1_000_000));
    other.doc.getText('text').insert(0, 'typed');
    await server.run(5_000, 20);
    expect(other.sync.unsynced).toBe(0);
    expect(one.sync.unsyncedBytes).toBeGreaterThan(3_000_000);
    expect(most).toBeGreaterThan(100_000);
    expect(most).toBeLessThan(mostOnWay + 100_000);
  });
});

describe('N22: a slow upload', () => {
  it.each([true, false])('is no dead connection (the buffer is seen: %s)', async (isBufferSeen) => {
    start();
    const { clock } = server;
    const one = device({ openSocket: thinLine(network.openSocket, { clock, bytesPerMs: 12, isBufferSeen }) });
    await server.run(500);
    one.text.insert(0, textOf(600_000));
    await server.run(60_000, 200);
    expect(network.attempts).toBe(1);
    expect([one.sync.unsynced, one.sync.unsyncedBytes]).toEqual([0, 0]);
  });
});

describe('K25: what was found by comparing', () => {
  it('counts as not synced until it is durable, and says how much is left', async () => {
    start();
    const doc = new Y.Doc();
    doc.getText('text').insert(0, textOf(500_000));
    const line = thinLine(network.openSocket, { clock: server.clock, bytesPerMs: 100 });
    const one = device({ doc, openSocket: line });
    const left: number[] = [];
    one.sync.on('upload', (bytes) => void left.push(bytes));
    await server.run(1_000);
    expect([one.sync.phase, one.sync.unsynced, one.sync.unsyncedBytes > 0]).toEqual(['synced', 0, true]);
    const { unsyncedBytes } = one.sync;
    const facts = {
      isLoaded: true,
      connection: 'open',
      isBroken: false,
      document: 'synced',
      mayLack: false,
      refusedBytes: 0,
    } as const;
    expect(syncPhase({ ...facts, unsyncedChanges: 0, unsyncedBytes })).toBe('syncing');
    await server.run(8_000, 20);
    expect(left.length).toBeGreaterThan(5);
    expect(left).toEqual([...left].sort((a, b) => b - a));
    expect([one.sync.unsyncedBytes, left.at(-1)]).toEqual([0, 0]);
    expect((await server.connected({ path: '/doc' })).text).toBe(one.text.toString());
  });
});

describe('K26: content that the server does not take', () => {
  it('and cannot be cut is refused before it is sent, and other documents go on', async () => {
    start({ maxMessageBytes: 20_000 });
    const one = device();
    const other = beside(one, 'other');
    const reasons: DocumentReason[] = [];
    one.sync.on('refused', (reason) => void reasons.push(reason));
    await server.run(100);
    const sent = network.sentBytes;
    one.doc.getMap('map').set('picture', new Uint8Array(30_000));
    other.doc.getText('text').insert(0, 'typed');
    await server.run(60_000, 500);
    expect(reasons.map(({ code, retry }) => [code, retry])).toEqual([['DOCUMENT_TOO_LARGE', 'never']]);
    expect(one.sync.reason).toBe(reasons[0]);
    expect([network.attempts, one.sync.unsynced, other.sync.unsynced]).toEqual([1, 1, 0]);
    expect(network.sentBytes - sent).toBeLessThan(5_000);
  });

  it('is not brought again and again, and what was typed after it is kept', async () => {
    start();
    const one = device();
    const reasons: DocumentReason[] = [];
    one.sync.on('refused', (reason) => void reasons.push(reason));
    await server.run(100);
    one.doc.getMap('map').set('k'.repeat(2_000), 1);
    await server.run(100);
    one.text.insert(0, 'typed');
    const sent = network.sentBytes;
    await server.run(60_000, 500);
    expect(reasons.map(({ code }) => code)).toEqual(['UPDATE_INVALID']);
    expect([network.attempts, one.sync.phase, one.sync.unsynced]).toEqual([1, 'synced', 2]);
    expect(network.sentBytes - sent).toBeLessThan(5_000);
  });

  it('is brought once more on the next connection', async () => {
    start();
    const one = device();
    const reasons: DocumentReason[] = [];
    one.sync.on('refused', (reason) => void reasons.push(reason));
    await server.run(100);
    one.doc.getMap('map').set('k'.repeat(2_000), 1);
    await server.run(100);
    network.state = 'down';
    await server.run(50);
    network.state = 'up';
    await server.run(60_000, 500);
    expect(reasons.map(({ code }) => code)).toEqual(['UPDATE_INVALID', 'UPDATE_INVALID']);
    expect([one.sync.phase, one.sync.unsynced]).toEqual(['synced', 1]);
  });
});

describe('K27: a connection that is lost again and again right after it opened', () => {
  it('is tried more and more seldom, and as at first once it has lasted', async () => {
    start();
    const one = device();
    let isHostile = true;
    one.sync.on('phase', (phase) => {
      if (phase !== 'synced' || !isHostile) return;
      network.state = 'down';
      server.clock.after(1, () => (network.state = 'up'));
    });
    await server.run(60_000, 50);
    expect(network.attempts).toBeGreaterThan(4);
    expect(network.attempts).toBeLessThan(12);
    isHostile = false;
    await server.run(30_000, 100);
    expect(one.connection.state).toBe('open');
    await server.run(11_000, 100);
    network.state = 'down';
    await server.run(10);
    network.state = 'up';
    await server.run(400);
    expect(one.connection.state).toBe('open');
  });
});
