// Messages over the limit and just below it, on real sockets, from stock clients and from our own over HTTP (O6).

import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';

import { longPoll } from '../../client/connection/long-poll.js';
import { webSockets, type OpenSocket } from '../../client/connection/socket.js';
import { Tarpit } from '../../server/session/tarpit.js';
import { systemClock } from '../../shared/clock.js';
import { createFakeClock } from '../support/fake-clock.js';
import { until } from '../support/peer.js';
import { nativeClient } from './native-client.js';
import { connectStock, synced } from '../support/stock-client.js';
import { serverForTest, testSecret, tokenFor } from '../support/test-server.js';

const MiB = 1024 * 1024;

async function stockOn(url: string, params: Record<string, string> = {}) {
  const client = connectStock({ url, document: 'doc', params });
  onTestFinished(() => client.close());
  await synced(client);
  let terminal: { code: number; reason: string } | undefined;
  client.provider.on('closed', (close: { code: number; reason: string }) => (terminal = close));
  return { ...client, terminal: () => terminal };
}

test('O6: a paste a little over the limit is told at once, and a stock client of 3.1 stops', async () => {
  const { url } = await serverForTest({ limits: { maxMessageBytes: 1 * MiB } });
  const client = await stockOn(url);
  client.ydoc.getText('t').insert(0, 'x'.repeat(1.2 * MiB));
  await until(() => client.terminal() !== undefined, 'it is told');
  expect(client.terminal()).toMatchObject({ code: 4413, reason: expect.stringMatching(/^FRAME_TOO_LARGE/) });
  expect(client.closeCodes).toEqual([4413]);
});

test('O6, T18: a paste far over the limit is told when the client comes back, and it stops', async () => {
  const { url } = await serverForTest({ limits: { maxMessageBytes: 1 * MiB } });
  const client = await stockOn(url);
  client.ydoc.getText('t').insert(0, 'x'.repeat(5 * MiB));
  await until(() => client.terminal() !== undefined, 'it is told');
  expect(client.terminal()).toMatchObject({ code: 4413, reason: expect.stringMatching(/^FRAME_TOO_LARGE/) });
  // The connection that had the message ends without a word, or with the word of ws.
  expect(client.closeCodes.filter((code) => code !== 1006 && code !== 1009)).toEqual([4413]);
  expect(client.closeCodes.length).toBeLessThan(4);
});

test('O6: a paste of 20 MB from a stock client, which y-websocket takes, is taken', async () => {
  const { url } = await serverForTest({ auth: { secret: testSecret } });
  const token = await tokenFor('ada');
  const client = await stockOn(url, { token });
  client.ydoc.getText('t').insert(0, 'x'.repeat(20 * MiB));
  const reader = await stockOn(url, { token });
  await until(() => reader.ydoc.getText('t').length === 20 * MiB, 'another client has it');
  expect(client.terminal()).toBeUndefined();
});

test('O4: a stock client with a token pastes 300 KB and keeps its connection', async () => {
  const { url } = await serverForTest({ auth: { secret: testSecret } });
  const token = await tokenFor('ada');
  const client = await stockOn(url, { token });
  const text = client.ydoc.getText('t');
  for (let i = 0; i < 5; i++) text.insert(0, `${i}`.repeat(300_000));
  const reader = await stockOn(url, { token });
  await until(() => reader.ydoc.getText('t').length === text.length, 'another client has it');
  expect(client.closeCodes).toEqual([]);
});

test('N14, O4: our own client sends 300 KB first, from an address of which nothing is known, and loses no connection', async () => {
  const { url } = await serverForTest({ auth: { secret: testSecret } });
  const client = nativeClient(`${url}/`, 'doc', await tokenFor('ada'));
  let ends = 0;
  client.connection.on('ended', () => ends++);
  for (let i = 1; i <= 3; i++) {
    client.doc.getText('text').insert(0, 'x'.repeat(300_000));
    await until(() => client.sync.phase === 'synced' && client.sync.unsynced === 0, 'it is durable');
  }
  const reader = nativeClient(`${url}/`, 'doc', await tokenFor('bob'));
  await until(() => reader.doc.getText('text').length === 900_000, 'another client has it');
  expect(ends).toBe(0);
});

test('O4, T18: our own client whose token is not offered sets a value of 300 KB, which cannot be cut, and again', async () => {
  const { url } = await serverForTest({ auth: { secret: testSecret } });
  const plain: OpenSocket = (target, events) => webSockets(WebSocket)(target, events);
  const client = nativeClient(`${url}/`, 'doc', await tokenFor('ada'), plain);
  await until(() => client.sync.phase === 'synced', 'it is synced');
  let ends = 0;
  client.connection.on('ended', () => ends++);
  for (let i = 1; i <= 3; i++) {
    client.doc.getMap('values').set(`${i}`, new Uint8Array(300_000));
    await until(() => client.sync.phase === 'synced' && client.sync.unsynced === 0, 'it is durable');
  }
  expect(ends).toBe(1);
});

test('N14: our own client over HTTP sends 300 KB first, and loses no connection', async () => {
  const { url } = await serverForTest({ auth: { secret: testSecret } });
  const client = nativeClient(`${url}/`, 'doc', await tokenFor('ada'), longPoll(fetch, systemClock));
  let ends = 0;
  client.connection.on('ended', () => ends++);
  client.doc.getText('text').insert(0, 'x'.repeat(300_000));
  await until(() => client.sync.phase === 'synced' && client.sync.unsynced === 0, 'it is durable');
  expect(ends).toBe(0);
});

test('O6: over HTTP a message over the limit is told with the same code', async () => {
  const { url } = await serverForTest({ limits: { maxMessageBytes: 300_000 } });
  for (const size of [310_000, 2 * MiB]) {
    const closed = await new Promise<{ code: number; reason: string }>((resolve) => {
      const socket = longPoll(fetch, systemClock)(`${url}/`, {
        opened: () => socket.send(new Uint8Array(size)),
        frame: () => {},
        closed: (code, reason) => resolve({ code, reason }),
      });
    });
    // A body that is cut off in the middle may be told by its status alone.
    expect(closed.reason).toContain('FRAME_TOO_LARGE');
  }
});

test('O6: clients that ignore what they are told wait longer each time', () => {
  const clock = createFakeClock();
  const tarpit = new Tarpit(clock);
  expect([1, 2, 3, 4].map(() => tarpit.delay('a', 10))).toEqual([0, 0, 10_000, 10_000]);
  expect(tarpit.delay('a')).toBe(1_000);
  expect(tarpit.delay('b')).toBe(0);
  clock.advance(11_000);
  expect(tarpit.delay('a', 10)).toBe(0);
});

test('O6: a document that is too large for one message comes in several from other clients', async () => {
  const { url } = await serverForTest({ limits: { maxMessageBytes: 1 * MiB } });
  const client = await stockOn(url);
  for (let i = 0; i < 4; i++) {
    client.ydoc.getArray('a').push([new Uint8Array(700_000).fill(i)]);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const reader = await stockOn(url);
  await until(() => reader.ydoc.getArray('a').length === 4, 'another client has it');
  expect(Y.encodeStateVector(reader.ydoc)).toEqual(Y.encodeStateVector(client.ydoc));
});
