// A server on an application's own HTTP server: what is under its path is Heddle's, and all else stays the application's.

import { once } from 'node:events';
import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { longPoll } from '../../client/connection/long-poll.js';
import { createServer, type HeddleServer } from '../../server/create-server.js';
import type { Hooks } from '../../server/options.js';
import { createMemoryStore } from '../../server/store/memory-store.js';
import type { UpgradeChoice } from '../../server/transport/node/http.js';
import { systemClock } from '../../shared/clock.js';
import { nativeClient } from '../interop/native-client.js';
import { makeCertificate } from '../support/certificate.js';
import { connectRaw, openRawWebSocket } from '../support/raw-socket.js';
import { connectStock, synced, until } from '../support/stock-client.js';
import { directoryForTest, serverForTest } from '../support/test-server.js';

const path = '/sync';
/** What the application answers. */
const application: RequestListener = (request, response) =>
  void response.end(`the application: ${request.method} ${request.url}`);

interface Attached {
  readonly heddle: HeddleServer;
  readonly port: number;
}

/** Attaches before or after the server listens. */
async function attach(server: Server, isFirst = false, hooks: Hooks = {}): Promise<Attached> {
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const heddle = createServer({
    server,
    path,
    auth: 'none',
    store: createMemoryStore(),
    changeDebounceMs: 1,
    ...hooks,
  });
  onTestFinished(() => heddle.close());
  if (isFirst) await heddle.listen();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  if (!isFirst) await heddle.listen();
  return { heddle, port: (server.address() as AddressInfo).port };
}

async function answer(port: number, to: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${to}`);
  return `${response.status} ${await response.text()}`;
}

/** Stock and own clients, by WebSocket and over HTTP, come to the same text. */
async function expectSync(port: number, document: string): Promise<void> {
  const url = `ws://127.0.0.1:${port}${path}`;
  const stock = connectStock({ url, document });
  onTestFinished(() => stock.close());
  const native = nativeClient(url, document);
  const polled = nativeClient(url, document, '', longPoll(fetch, systemClock));
  await synced(stock);
  stock.ydoc.getText('text').insert(0, 'stock ');
  native.doc.getText('text').insert(0, 'native ');
  polled.doc.getText('text').insert(0, 'polled ');
  const texts = (): string[] =>
    [stock.ydoc, native.doc, polled.doc].map((doc) => String(doc.getText('text')));
  await until(
    () => texts().every((text) => text.length === 'stock native polled '.length && text === texts()[0]),
    'all have the same',
  );
}

/** The first frame of an upgraded socket, or how it was refused. */
function greeting(port: number, to: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${to}`);
    socket.on('message', (data: Buffer) => resolve(data.toString()));
    socket.on('unexpected-response', (_request, response) => resolve(`refused with ${response.statusCode}`));
    socket.on('error', (error) => resolve(error.message));
    onTestFinished(() => socket.terminate());
  });
}

test.each([true, false])(
  'T24 documents are synced under the path, all else is the application’s (attached first: %s)',
  async (isFirst) => {
    const { heddle, port } = await attach(createHttp(application), isFirst);
    expect(heddle.port).toBe(port);
    await expectSync(port, 'doc');
    expect(await answer(port, '/sync/healthz')).toMatch(/^200 {"status":"ok"/);
    expect(await answer(port, '/sync/readyz')).toBe('200 {"status":"ready"}');
    expect(await answer(port, '/sync/other')).toBe('404 {"error":"NOT_FOUND"}');
    for (const to of ['/', '/healthz', '/sync2', '/syn', '/a/sync', '/?/sync'])
      expect(await answer(port, to)).toBe(`200 the application: GET ${to}`);
  },
);

test('T24 other WebSockets of the application work, whether they were there before or come later', async () => {
  const server = createHttp(application);
  const chat = (at: string): void => {
    // It answers every upgrade that is not for its path with 400.
    const sockets = new WebSocketServer({ server, path: at });
    sockets.on('connection', (socket) => socket.send(`welcome to ${at}`));
    sockets.on('error', () => {});
  };
  chat('/chat');
  const { port } = await attach(server);
  expect(await greeting(port, '/chat')).toBe('welcome to /chat');
  expect(await greeting(port, '/nowhere')).toBe('refused with 400');
  await expectSync(port, 'doc');
});

test('T24 an upgrade that nobody wants is answered by the application as the request that it is', async () => {
  const { port } = await attach(createHttp(application));
  expect(await greeting(port, '/elsewhere')).toBe('refused with 200');
  const raw = await connectRaw(port);
  onTestFinished(() => raw.destroy());
  await raw.write(
    'POST /form HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nhi',
  );
  await until(() => raw.received.includes('the application: POST /form'), 'it is answered');
});

test('T24 beside Express: its routes, its middleware and its 404 are its own', async () => {
  type Express = () => RequestListener & {
    use(run: (request: { url: string }, response: unknown, next: () => void) => void): void;
    get(at: string, run: (request: unknown, response: { send(text: string): void }) => void): void;
  };
  const app = (createRequire(import.meta.url)('express') as Express)();
  const seen: string[] = [];
  app.use((request, _response, next) => {
    seen.push(request.url);
    next();
  });
  app.get('/hello', (_request, response) => response.send('hello from express'));
  const { port } = await attach(createHttp(app));
  expect(await answer(port, '/hello')).toBe('200 hello from express');
  expect(await answer(port, '/nothing')).toMatch(/^404 .*Cannot GET \/nothing/s);
  await expectSync(port, 'doc');
  expect(seen).toEqual(['/hello', '/nothing']);
});

test('T24 on a server with TLS', async (context) => {
  const folder = await directoryForTest();
  if (!makeCertificate(folder)) return context.skip('openssl is not installed');
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => readFileSync(join(folder, name)));
  const { port } = await attach(createHttps({ key, cert }, application));
  const open = (to: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = new WebSocket(`wss://127.0.0.1:${port}${to}`, { rejectUnauthorized: false });
      socket.on('open', () => resolve('open'));
      socket.on('unexpected-response', (_request, response) => resolve(`refused ${response.statusCode}`));
      socket.on('error', (error) => resolve(error.message));
      onTestFinished(() => socket.terminate());
    });
  expect([await open('/sync/doc'), await open('/elsewhere')]).toEqual(['open', 'refused 200']);
});

test('T25 close leaves the application’s server alone, and another Heddle can be attached', async () => {
  const server = createHttp(application);
  const chat = new WebSocketServer({ server, path: '/chat' });
  const state = (): unknown => ({
    emit: server.emit,
    upgrades: server.listenerCount('upgrade'),
    choice: (server as UpgradeChoice).shouldUpgradeCallback,
  });
  const before = state();
  const { heddle, port } = await attach(server);
  const [kept, chatting, ours] = [
    await connectRaw(port),
    await openRawWebSocket(port, '/chat'),
    await openRawWebSocket(port, '/sync/doc'),
  ];
  onTestFinished(() => [kept, chatting, ours].forEach((raw) => raw.destroy()));
  await kept.write('GET /1 HTTP/1.1\r\nHost: h\r\n\r\n');
  await until(() => kept.received.includes('GET /1'), 'the application has answered');
  await heddle.close();
  await until(() => ours.isClosed, 'ours is closed');
  await kept.write('GET /2 HTTP/1.1\r\nHost: h\r\n\r\n');
  await until(() => kept.received.includes('GET /2'), 'it answers on the same connection');
  expect([server.listening, kept.isClosed, chatting.isClosed, chat.clients.size]).toEqual([
    true,
    false,
    false,
    1,
  ]);
  expect(state()).toEqual(before);
  expect(await answer(port, '/sync/healthz')).toBe('200 the application: GET /sync/healthz');
  expect(await greeting(port, '/sync/doc')).toBe('refused with 400');
  const next = createServer({ server, path, auth: 'none', store: createMemoryStore() });
  onTestFinished(() => next.close());
  await next.listen();
  await expectSync(port, 'doc');
});

test('T25 what was put over us stays when we go, and two of us go in any order', async () => {
  const server = createHttp(application);
  const { heddle, port } = await attach(server);
  const second = createServer({ server, path: '/second', auth: 'none', store: createMemoryStore() });
  onTestFinished(() => second.close());
  await second.listen();
  expect(await answer(port, '/second/readyz')).toBe('200 {"status":"ready"}');
  expect(await greeting(port, '/elsewhere')).toBe('refused with 200');
  await expectSync(port, 'doc');
  await heddle.close();
  expect(await greeting(port, '/elsewhere')).toBe('refused with 200');
  expect(await answer(port, '/second/readyz')).toBe('200 {"status":"ready"}');
  expect(await answer(port, '/sync/readyz')).toBe('200 the application: GET /sync/readyz');
  await (await openRawWebSocket(port, '/second/doc')).write(new Uint8Array());
  await second.close();
  expect(await greeting(port, '/second/doc')).toBe('refused with 200');
  expect(await answer(port, '/second/readyz')).toBe('200 the application: GET /second/readyz');
  expect(server.listenerCount('upgrade')).toBe(0);
  const [third, fourth] = ['/third', path].map((at) =>
    createServer({ server, path: at, auth: 'none', store: createMemoryStore() }),
  );
  for (const one of [third!, fourth!]) {
    onTestFinished(() => one.close());
    await one.listen();
  }
  await third!.close();
  await expectSync(port, 'doc');
  expect(await greeting(port, '/third/doc')).toBe('refused with 200');
});

test('T25 while it drains, clients over HTTP are still told, and nobody new gets in', async () => {
  // The drain waits for a hook that is under way.
  let goOn: (() => void) | undefined;
  const hooks: Hooks = { onChange: () => new Promise((resolve) => (goOn = resolve)) };
  const { heddle, port } = await attach(createHttp(application), false, hooks);
  const url = `ws://127.0.0.1:${port}${path}`;
  const polled = nativeClient(url, 'doc', '', longPoll(fetch, systemClock));
  await until(() => polled.sync.phase === 'synced', 'it is synced');
  polled.doc.getText('text').insert(0, 'edit');
  await until(() => goOn !== undefined, 'the hook is under way');
  const closing = heddle.close();
  expect(await greeting(port, '/sync/doc')).toBe('refused with 503');
  goOn!();
  await closing;
  await until(() => polled.sync.phase !== 'synced', 'the client has been told');
});

test('T26 a server that is not attached keeps its port to itself', async () => {
  const { server, port } = await serverForTest({ transport: 'node' });
  expect(server.port).toBe(port);
  expect(await answer(port, '/sync/readyz')).toMatch(/^404/);
});
