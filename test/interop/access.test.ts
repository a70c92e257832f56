// Tokens, close codes and signs of life, as the stock y-websocket providers meet them.

import { expect, test, vi } from 'vitest';
import { systemClock } from '../../shared/clock.js';
import { Peer, until } from '../support/peer.js';
import { serverForTest, storedDocument, testSecret, tokenFor } from '../support/test-server.js';
import { stockProvider, stockVersions, textOf, untilSynced } from './stock-providers.js';

const auth = { secret: testSecret };
const newest = stockVersions.at(-1)!;
const readAll = [{ pattern: '**', access: 'read' }] as const;

test.each(stockVersions)('A4: y-websocket $version with a read-only token', async (version) => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const { url, store } = await serverForTest({ auth });
  const writer = await new Peer(`${url}/doc`, { token: await tokenFor('ada') }).synced();
  writer.doc.getText('text').insert(0, 'to be read');
  const params = { token: await tokenFor('bob', readAll) };
  const reader = await untilSynced(stockProvider(version, url, 'doc', { params }));
  await until(() => textOf(reader) === 'to be read', 'it reads what was there');
  writer.doc.getText('text').insert(0, 'still ');
  await until(() => textOf(reader) === 'still to be read', 'it reads what comes');
  reader.awareness.setLocalStateField('user', 'Bob');
  await until(() => writer.present.has(reader.doc.clientID), 'it takes part in awareness');
  expect(warn).not.toHaveBeenCalled();
  reader.doc.getText('text').insert(0, 'not allowed ');
  await until(() => warn.mock.calls.length > 0, 'it is told that it may not write');
  expect(reader.wsconnected).toBe(true);
  // A4: nothing is lost locally, nothing is stored or relayed.
  expect(textOf(reader)).toBe('not allowed still to be read');
  writer.doc.getText('text').insert(0, 'and ');
  await until(() => textOf(reader).includes('and '), 'it goes on reading');
  expect(writer.text).toBe('and still to be read');
  await expect
    .poll(async () => (await storedDocument(store!, 'doc')).getText('text').toString())
    .toBe('and still to be read');
  vi.restoreAllMocks();
});

test('A4: a reader that goes on writing is told once, and once more only much later', async () => {
  const { url, store } = await serverForTest({ auth });
  const reader = await new Peer(`${url}/doc`, { token: await tokenFor('bob', readAll) }).synced();
  for (let i = 0; i < 50; i++) reader.doc.getText('text').insert(0, 'x');
  reader.step2();
  const replies = reader.heardOf('step2').length;
  reader.step1();
  await until(() => reader.heardOf('step2').length > replies, 'all of it has been handled');
  expect(reader.heardOf('denied')).toHaveLength(1);
  expect(reader.heardOf('update')).toHaveLength(0);
  expect(reader.closed).toBeUndefined();
  expect(await store!.list()).toEqual([]);
});

test('A2: a token that expires while connected ends reading and writing within a second, with the reason', async () => {
  const { url, store } = await serverForTest({ auth });
  const writer = await new Peer(`${url}/doc`, { token: await tokenFor('ada') }).synced();
  const token = await tokenFor('bob', [{ pattern: '**', access: 'write' }], 2);
  const { exp } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { exp: number };
  const short = await new Peer(`${url}/doc`, { token }).synced();
  short.doc.getText('text').insert(0, 'in time');
  await until(() => writer.text === 'in time', 'it writes while its token is good');
  expect(await short.end()).toEqual({ code: 4401, reason: 'TOKEN_EXPIRED' });
  const lateMs = systemClock.now() - exp * 1000;
  expect(lateMs).toBeGreaterThanOrEqual(0);
  expect(lateMs).toBeLessThan(1000);
  const again = new Peer(`${url}/doc`, { token });
  expect((await again.end()).code).toBe(4401);
  expect((await storedDocument(store!, 'doc')).getText('text').toString()).toBe('in time');
});

test('A1: the token may come in the query, as a subprotocol, or as a bearer token', async () => {
  const { url } = await serverForTest({ auth });
  const token = await tokenFor('ada');
  await new Peer(`${url}/doc`, { token }).synced();
  await new Peer(`${url}/doc`, { protocols: [token] }).synced();
  const named = await new Peer(`${url}/doc`, { protocols: ['y-websocket', token] }).synced();
  expect(named.socket.protocol).toBe('y-websocket');
  await new Peer(`${url}/doc`, { headers: { authorization: `Bearer ${token}` } }).synced();
});

test('A1: stock 3.1.0 stops at a refused token, and connects with a good one', async () => {
  const { url } = await serverForTest({ auth });
  const provider = stockProvider(newest, url, 'doc', { params: { token: 'not-a-token' } });
  await until(() => !provider.shouldConnect, 'it has stopped');
  provider.params = { token: await tokenFor('ada') };
  provider.connect();
  await untilSynced(provider);
});

test('O3: a server that closes sends everybody away with 1012, and stock clients come back to the next one', async () => {
  const first = await serverForTest();
  const providers = stockVersions.map((version) => stockProvider(version, first.url, 'doc'));
  for (const provider of providers) await untilSynced(provider);
  const peer = await new Peer(`${first.url}/doc`).synced();
  await first.close();
  expect(await peer.end()).toEqual({ code: 1012, reason: 'DRAINING' });
  const second = await serverForTest({ port: first.port });
  expect(second.port).toBe(first.port);
  for (const provider of providers) await untilSynced(provider);
});

test('P2: every connection hears something at least every 20 seconds', async () => {
  const everySecond: (() => void)[] = [];
  const { every } = systemClock;
  vi.spyOn(systemClock, 'every').mockImplementation((periodMs, run) => {
    if (periodMs === 1_000) everySecond.push(run);
    return every(periodMs, run);
  });
  const { url } = await serverForTest();
  vi.restoreAllMocks();
  expect(everySecond.length).toBeGreaterThan(0);
  // Without a presence of its own nothing would be echoed to it.
  const silent = await Promise.all(Array.from({ length: 20 }, async () => new Peer(`${url}/doc`).synced()));
  const heard = silent.map((peer) => peer.heard.length);
  for (let second = 0; second < 20; second++) for (const run of everySecond) run();
  await until(() => silent.every((peer, i) => peer.heard.length > heard[i]!), 'each has heard something');
  expect(silent.every((peer) => peer.present.size === 0 && peer.closed === undefined)).toBe(true);
});
