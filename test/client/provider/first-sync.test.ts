// What the server sends when a document is opened, in many parts, and how our own client takes it.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import type { Position } from '../../../shared/native/position.js';
import { Network } from '../../support/client-sockets.js';
import { fragileDocument } from '../../support/fragile-document.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import { openDevice, type Device, type DeviceOptions } from './device.js';

let server: SessionServer;
const cleanup: (() => void)[] = [];

beforeEach(() => {
  server = createSessionServer({ limits: { syncPartBytes: 500, softBufferedBytes: 1_000 } });
});

afterEach(async () => {
  for (const clean of cleanup.splice(0)) clean();
  await server.run(10);
  await server.close();
});

function device(options: DeviceOptions & { on: Network }): Device {
  const one = openDevice(server, options.on, options);
  cleanup.push(() => one.destroy());
  return one;
}

/** A network that can be cut after so many frames. */
function network(): { on: Network; cutAfter: (frames: number) => void } {
  const on = new Network(() => server.transport);
  let left = Infinity;
  const whole = on.openSocket;
  const openSocket: typeof whole = (url, events) =>
    whole(url, {
      ...events,
      frame(bytes) {
        events.frame(bytes);
        if (--left <= 0) on.state = 'down';
      },
    });
  Object.defineProperty(on, 'openSocket', { value: openSocket });
  return { on, cutAfter: (frames) => (left = frames) };
}

async function stored(document: Y.Doc): Promise<void> {
  const update = Y.encodeStateAsUpdate(document);
  await server.store.append([
    { document: 'doc' as never, records: [{ offset: 1, time: 1, author: '', update }] },
  ]);
  await server.store.replace('doc' as never, { offset: 1, time: 1, update });
  server.store.batches.length = 0;
}

describe('N15: what follows `opened`', () => {
  it('C10: is one change, however many parts it has', async () => {
    const { on } = network();
    const document = fragileDocument(500);
    await stored(document);
    const doc = new Y.Doc();
    doc.getText('text');
    let [changes, frames] = [0, 0];
    doc.on('update', () => changes++);
    const one = device({ on, doc });
    const hear = one.sync.channel.hear.bind(one.sync.channel);
    one.sync.channel.hear = (message) => {
      frames += Number(message.type === 'update');
      hear(message);
    };
    await server.run(300);
    expect(one.sync.phase).toBe('synced');
    expect(frames).toBeGreaterThan(3);
    expect(changes).toBe(1);
    expect(one.text.toDelta()).toEqual(document.getText('text').toDelta());
    expect(server.store.batches).toEqual([]);
  });

  it('C10: is one change for who comes back to an offset', async () => {
    const { on } = network();
    const writer = device({ on: network().on });
    const away = device({ on });
    await server.run(100);
    on.state = 'down';
    await server.run(20);
    for (let i = 0; i < 20; i++) {
      writer.text.insert(0, `edit ${i} of many `.repeat(20), { bold: i % 2 === 0 });
      await server.run(50);
    }
    let changes = 0;
    away.doc.on('update', () => changes++);
    on.state = 'up';
    away.connection.nudge();
    await server.run(300);
    expect(away.text.toDelta()).toEqual(writer.text.toDelta());
    expect(changes).toBe(1);
  });

  it('is kept as far as it had come when the connection is lost, and goes on from there', async () => {
    const { on, cutAfter } = network();
    const whole = new Y.Doc();
    for (let i = 0; i < 100; i++) whole.getText('text').insert(0, `line ${i} of a plain text, in order\n`);
    await stored(whole);
    const one = device({ on });
    cutAfter(5);
    await server.run(100);
    expect(one.sync.phase).toBe('closed');
    const { length } = one.text;
    expect(length).toBeGreaterThan(0);
    expect(length).toBeLessThan(whole.getText('text').length);
    const heard = on.heardBytes;
    cutAfter(Infinity);
    on.state = 'up';
    one.connection.nudge();
    await server.run(300);
    expect(one.text.toString()).toBe(whole.getText('text').toString());
    expect(on.heardBytes - heard).toBeLessThan(Y.encodeStateAsUpdate(whole).length);
  });

  it('K5: is let go of with the document, and no position tells of it', async () => {
    const { on } = network();
    const whole = new Y.Doc();
    whole.getText('text').insert(0, 'x'.repeat(10_000));
    await stored(whole);
    const one = device({ on });
    const positions: Position[] = [];
    one.sync.on('position', (position) => void positions.push(position));
    const hear = one.sync.channel.hear.bind(one.sync.channel);
    let frames = 0;
    one.sync.channel.hear = (message) => {
      hear(message);
      if (message.type === 'update' && ++frames === 3) one.sync.destroy();
    };
    await server.run(300);
    expect(frames).toBe(3);
    expect(one.text.length).toBe(0);
    expect(positions).toEqual([]);
  });
});
