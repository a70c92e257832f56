// A server below a path, on each transport and attached to an application's server: what is below it, and what is told to
// whoever asks elsewhere.

import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { longPoll } from '../../client/connection/long-poll.js';
import { HeddleConnection, HeddleProvider } from '../../client/index.js';
import { createServer } from '../../server/create-server.js';
import type { ServerOptions } from '../../server/options.js';
import { createMemoryStore } from '../../server/store/memory-store.js';
import { systemClock } from '../../shared/clock.js';
import * as Y from 'yjs';
import { nativeClient } from '../interop/native-client.js';
import { connectStock, synced, until, type StockClient } from '../support/stock-client.js';
import { directoryForTest, recordingLogger, testSecret, tokenFor } from '../support/test-server.js';

const path = '/a/sync';
type Mount = 'uws' | 'node' | 'attached';
const mounts = ['uws', 'node', 'attached'] as const;

/** Starts a server below the path; with `isBare` without one. The port. */
async function start(mount: Mount, options: Partial<ServerOptions> = {}, isBare = false): Promise<number> {
  const common = { auth: 'none', store: createMemoryStore(), ...options } as const;
  if (mount !== 'attached') {
    const own = { host: '127.0.0.1', port: 0, transport: mount, ...(isBare ? {} : { basePath: path }) };
    const server = createServer({ ...common, ...own });
    await server.listen();
    onTestFinished(() => server.close().catch(() => undefined));
    return server.port;
  }
  const http = createHttp((_request, response) => void response.writeHead(418).end('the application'));
  const server = createServer({ ...common, server: http, path });
  await server.listen();
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  onTestFinished(async () => {
    await server.close().catch(() => undefined);
    http.closeAllConnections();
    http.close();
  });
  return (http.address() as AddressInfo).port;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

async function ask(port: number, to: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}${to}`, { redirect: 'manual', ...init });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

function stock(port: number, prefix: string, document: string): StockClient {
  const client = connectStock({ url: `ws://127.0.0.1:${port}${prefix}`, document });
  onTestFinished(() => client.close());
  return client;
}

/** How a WebSocket to this path ends. */
function ending(port: number, to: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${to}`);
    // No server takes text, whatever it is at this path.
    socket.on('open', () => socket.send('text'));
    socket.on('close', (code, reason) => resolve(`${code} ${reason.toString()}`));
    socket.on('unexpected-response', (_request, { statusCode }) => resolve(`status ${statusCode}`));
    socket.on('error', reject);
    onTestFinished(() => socket.terminate());
  });
}

/** All of them come to the same text of three letters. */
async function expectSync(
  port: number,
  prefixes: { stock: string; own: string; polled: string },
): Promise<void> {
  const url = (prefix: string): string => `ws://127.0.0.1:${port}${prefix}`;
  const one = stock(port, prefixes.stock, 'notes/ü 1');
  const own = nativeClient(url(prefixes.own), 'notes/ü 1');
  const polled = nativeClient(url(prefixes.polled), 'notes/ü 1', '', longPoll(fetch, systemClock));
  await synced(one);
  const docs = [one.ydoc, own.doc, polled.doc];
  for (const doc of docs) doc.getText('text').insert(0, 'x');
  await until(
    () => docs.every((doc) => String(doc.getText('text')) === 'xxx'),
    () => `all have all: ${docs.map((doc) => String(doc.getText('text'))).join()}`,
  );
}

test.each(mounts)(
  'T28 clients of every kind are served below the path, with a slash or without: %s',
  async (mount) => {
    const port = await start(mount);
    await expectSync(port, { stock: path, own: path, polled: `${path}/` });
    // One of an earlier version asks for the path without its slash.
    expect(await ending(port, `${path}?token=`).then(String, String)).toMatch(/^(4401|4400)/);
  },
  30_000,
);

test.each(mounts)(
  'T28 every resource is below the path, and the pages find what is theirs: %s',
  async (mount) => {
    const auth = { secret: testSecret, adminClaim: 'admin' };
    const port = await start(mount, { auth, demo: true, data: await directoryForTest() });
    expect((await ask(port, `${path}/healthz`)).status).toBe(200);
    expect((await ask(port, `${path}/readyz`)).text).toBe('{"status":"ready"}');
    expect((await ask(port, `${path}/api/v1/users/refresh`, { method: 'POST' })).status).toBe(401);
    const page = await ask(port, `${path}/`);
    expect(page.text).toContain('<!doctype html>');
    const [, asset = ''] = /(?:src|href)="(\.\/assets\/[^"]+)"/.exec(page.text) ?? [];
    expect((await ask(port, new URL(asset, `http://x${path}/`).pathname)).status).toBe(200);
    const redirect = await ask(port, path);
    expect([redirect.status, redirect.headers.get('location')]).toEqual([307, 'sync/']);
    const body = JSON.stringify({ user: 'u', name: 'n', access: 'write' });
    expect((await ask(port, `${path}/demo/token`, { method: 'POST', body })).status).toBe(200);
  },
);

test.each(['uws', 'node'] as const)(
  'T29 what is not below the base path is told so, over HTTP and on a WebSocket: %s',
  async (mount) => {
    const logger = recordingLogger();
    const port = await start(mount, { logger });
    const reason = `this server has everything below \\"${path}\\"`;
    for (const to of ['/', '/healthz', '/session', '/a/sync2/healthz', '/a/syn'])
      expect(await ask(port, to), to).toMatchObject({
        status: 404,
        text: expect.stringContaining(reason) as string,
      });
    expect(await ending(port, '/other/doc')).toBe(
      `4404 NAME_INVALID: this server has everything below "${path}"`,
    );
    const lines = logger.lines.filter((line) => line.startsWith('a connection was refused'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/"code":"NAME_INVALID","address":"127.0.0.1","path":"\/other\/doc"/);
    // A page of another origin may read it as well.
    const { headers } = await ask(port, '/session', {
      method: 'POST',
      headers: { origin: 'https://app.example' },
    });
    expect(headers.get('access-control-allow-origin')).toBe('https://app.example');
  },
);

test('T29 an application’s server keeps what is not below the path', async () => {
  const port = await start('attached');
  for (const to of ['/', '/healthz', '/a/sync2'])
    expect(await ask(port, to)).toMatchObject({ status: 418, text: 'the application' });
});

test.each(['uws', 'node'] as const)(
  'T29 a prefix that nobody has taken off is named, with the option for it: %s',
  async (mount) => {
    const port = await start(mount, {}, true);
    for (const to of ['/sync/session', '/sync/healthz', '/sync/readyz', '/sync/session/poll']) {
      const { status, text } = await ask(port, to, to.includes('session') ? { method: 'POST' } : {});
      expect([status, text]).toEqual([404, expect.stringContaining('\\"/sync\\" is in front of the path')]);
      expect(text).toContain('--base-path');
    }
    for (const to of [
      'users/refresh',
      'users/ada/devices',
      'users/ada/devices/laptop',
      'presence',
      'presence/user',
    ])
      expect((await ask(port, `/sync/api/v1/${to}`)).text).toContain('\\"/sync\\" is in front of the path');
    // No prefix, but what devices are called.
    for (const device of ['session', 'healthz'])
      expect((await ask(port, `/api/v1/users/ada/devices/${device}`)).text).not.toContain(
        'in front of the path',
      );
    const connection = new HeddleConnection(`ws://127.0.0.1:${port}/sync`, { WebSocketPolyfill: WebSocket });
    const provider = new HeddleProvider(connection.url, 'notes', new Y.Doc(), { connection, offline: false });
    onTestFinished(() => {
      provider.destroy();
      connection.destroy();
    });
    await until(() => provider.status.reason !== undefined, 'the client is told why');
    // By the server, or by the client itself where the server has begun to speak as with a stock client.
    expect(provider.status.reason?.message).toMatch(
      /(the path was taken for the document "sync\/"|the answer is not in Heddle's own protocol) \(see --base-path\)/,
    );
    expect((await ask(port, '/nothing/here')).text).toBe('{"error":"NOT_FOUND"}');
  },
);

test.each(['uws', 'node'] as const)(
  'T27 a slash that a proxy has put in front changes nothing for our own client: %s',
  async (mount) => {
    const port = await start(mount, {}, true);
    await expectSync(port, { stock: '', own: '//', polled: '//' });
    expect((await ask(port, '//healthz')).status).toBe(200);
    // In front of a document's name it is part of the name, as before.
    const other = stock(port, '', '/notes/ü 1');
    await synced(other);
    expect(String(other.ydoc.getText('text'))).toBe('');
  },
);

test.each(mounts)(
  'T30 the address that a trusted proxy names is the client’s, everywhere: %s',
  async (mount) => {
    const logger = recordingLogger();
    const heard: string[] = [];
    const port = await start(mount, {
      logger,
      auth: { secret: testSecret },
      trustedProxies: ['127.0.0.1'],
      limits: { maxHandshakesPerAddress: 60 },
      onConnect: ({ remoteAddress }) => void heard.push(remoteAddress),
    });
    const url = `ws://127.0.0.1:${port}${path}`;
    const through =
      (address: string): typeof fetch =>
      (input, init) =>
        fetch(input, { ...init, headers: { ...(init?.headers as object), 'x-forwarded-for': address } });
    class Passed extends WebSocket {
      constructor(target: string, protocols?: string[]) {
        super(target, protocols, { headers: { 'x-forwarded-for': '203.0.113.1' } });
      }
    }
    const token = await tokenFor('ann');
    const client = connectStock({
      url,
      document: 'doc',
      protocols: ['heddle', token],
      WebSocketPolyfill: Passed as never,
    });
    onTestFinished(() => client.close());
    await synced(client);
    nativeClient(url, 'doc', token, longPoll(through('203.0.113.2'), systemClock));
    await until(() => heard.length === 2, 'both are here');
    expect(heard.sort()).toEqual(['203.0.113.1', '203.0.113.2']);
    // One address tries bad tokens again and again, by both ways, until it is made to wait and then is not heard any more.
    const refusal = (address: string, to = path): Promise<number> =>
      new Promise((resolve, reject) => {
        const since = performance.now();
        const headers = { 'x-forwarded-for': address };
        const socket = new WebSocket(`ws://127.0.0.1:${port}${to}/doc?token=a.b.c`, { headers });
        socket.on('close', () => resolve(performance.now() - since));
        socket.on('unexpected-response', (_request, { statusCode }) => reject(new Error(`${statusCode}`)));
        socket.on('error', reject);
      });
    const first = await Promise.allSettled(Array.from({ length: 40 }, () => refusal('203.0.113.66')));
    expect(first.every(({ status }) => status === 'fulfilled')).toBe(true);
    const waits = first.map((one) => (one.status === 'fulfilled' ? one.value : 0)).sort((a, b) => a - b);
    // Twenty are told at once, and twenty a second later.
    expect(waits.filter((ms) => ms >= 990).length).toBeGreaterThanOrEqual(20);
    const order: string[] = [];
    const tarred = refusal('203.0.113.66').then(() => order.push('tarred'));
    await refusal('203.0.113.67').then(() => order.push('other'));
    await tarred;
    expect(order).toEqual(['other', 'tarred']);
    const more = await Promise.allSettled(Array.from({ length: 20 }, () => refusal('203.0.113.66')));
    expect(more.some(({ status }) => status === 'rejected')).toBe(true);
    const session = (address: string): Promise<Answer> =>
      ask(port, `${path}/session`, { method: 'POST', headers: { 'x-forwarded-for': address } });
    expect((await session('203.0.113.66')).status).toBe(429);
    expect((await session('203.0.113.67')).status).toBe(200);
    const refused = logger.lines.filter((line) => line.startsWith('a connection was refused'));
    expect(refused.length).toBeGreaterThanOrEqual(42);
    expect(refused.filter((line) => line.includes('127.0.0.1'))).toEqual([]);
  },
  60_000,
);
