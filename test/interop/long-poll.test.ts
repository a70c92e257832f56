// Our client over HTTP beside WebSockets and stock providers, over real sockets and with real tokens.

import { afterEach, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { longPoll, type Fetch } from '../../client/connection/long-poll.js';
import { webSockets, type OpenSocket } from '../../client/connection/socket.js';
import { TransportChoice } from '../../client/connection/transport-choice.js';
import { systemClock } from '../../shared/clock.js';
import { HttpClient } from '../support/http-session-server.js';
import { until } from '../support/peer.js';
import { chooseSeed, withSeed } from '../support/seeded-random.js';
import {
  recordingLogger,
  serverForTest,
  startServer,
  storedDocument,
  testSecret,
  tokenFor,
} from '../support/test-server.js';
import { stockProvider, stockVersions, textOf, untilSynced } from './stock-providers.js';

const auth = { secret: testSecret };
const clock = systemClock;
const overHttp = (fetchImpl: Fetch = fetch): OpenSocket => longPoll(fetchImpl, clock);
const overWebSocket = webSockets(WebSocket);

let clients: HttpClient[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});

async function client(url: string, openSocket: OpenSocket, token = ''): Promise<HttpClient> {
  const made = new HttpClient({ url: `${url}/`, clock, openSocket, token, random: Math.random });
  clients.push(made);
  await until(() => made.sync.phase === 'synced', 'it is synced');
  return made;
}

test.each(stockVersions)(
  'X1, C1: over HTTP, by WebSocket and y-websocket $version in one room',
  async (version) => {
    const { url, store } = await serverForTest({ auth });
    const [ann, bob, cem] = [await tokenFor('ann'), await tokenFor('bob'), await tokenFor('cem')];
    const polled = await client(url, overHttp(), ann);
    const socket = await client(url, overWebSocket, bob);
    const stock = await untilSynced(stockProvider(version, url, 'doc', { params: { token: cem } }));
    polled.awareness.setLocalStateField('user', 'polled');
    stock.awareness.setLocalStateField('user', 'stock');
    for (let i = 0; i < 30; i++) {
      polled.insert('p');
      socket.insert('s');
      stock.doc.getText('text').insert(0, 'y');
      if (i % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const texts = (): string[] => [polled.text, socket.text, textOf(stock)];
    await until(() => polled.isDone && socket.isDone, 'ours is durable');
    await until(
      () => texts().every((text) => text.length === 90 && text === polled.text),
      'all have the same',
    );
    // D1: what was acknowledged is stored.
    expect((await storedDocument(store!, 'doc')).getText('text').toString()).toBe(polled.text);
    await until(
      () =>
        stock.awareness.getStates().get(polled.doc.clientID)?.['user'] === 'polled' &&
        polled.awareness.getStates().get(stock.doc.clientID)?.['user'] === 'stock',
      'they see each other',
    );
    polled.connection.disconnect();
    await until(() => !stock.awareness.getStates().has(polled.doc.clientID), 'it is gone');
  },
);

const seed = chooseSeed();

test(`X2, D1: requests and answers cut at random lose nothing and double nothing (seed ${seed})`, async () => {
  const { url, store } = await serverForTest();
  await withSeed(seed, async (random) => {
    let cuts = 0;
    let isBad = false;
    const cutting: Fetch = async (target, init) => {
      const fate = isBad ? random.int(4) : 3;
      if (fate < 2) cuts++;
      if (fate === 0) throw new TypeError('cut on the way there');
      const response = await fetch(target, init);
      if (fate === 1) {
        await response.arrayBuffer();
        throw new TypeError('cut on the way back');
      }
      return response;
    };
    const [one, two] = [await client(url, overHttp(cutting)), await client(url, overHttp(cutting))];
    const other = await client(url, overWebSocket);
    // Only now: chance could keep a client from opening for longer than anybody waits.
    isBad = true;
    for (let i = 0; i < 60; i++) {
      const writer = random.pick([one, two, other]);
      writer.doc.getArray('list').push([`${i}`]);
      await new Promise((resolve) => setTimeout(resolve, random.int(15)));
    }
    isBad = false;
    // Some may be waiting for a while, after a dozen attempts in vain.
    for (const { connection } of clients) connection.nudge();
    await until(() => clients.every(({ isDone }) => isDone), 'all is durable');
    const listOf = ({ doc }: HttpClient): string => doc.getArray('list').toArray().join();
    await until(() => clients.every((each) => listOf(each) === listOf(other)), 'all have the same');
    const stored = (await storedDocument(store!, 'doc')).getArray<string>('list').toArray();
    expect(stored.sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 60 }, (_, i) => `${i}`),
    );
    expect(cuts).toBeGreaterThan(10);
  });
});

test('X6: a server that was started anew knows no session: the client comes back with its edits', async () => {
  const first = await startServer();
  const polled = await client(first.url, overHttp());
  polled.insert('before ');
  await until(() => polled.isDone, 'it is durable');
  await first.close();
  await until(() => polled.connection.state !== 'open', 'it is told');
  expect(polled.connection.reason?.code ?? 'DRAINING').toBe('DRAINING');
  polled.insert('meanwhile');
  const second = await serverForTest({ port: first.port });
  await until(() => polled.isDone, 'it is back');
  expect((await storedDocument(second.store!, 'doc')).getText('text').toString()).toBe('before meanwhile');
});

test('X6: no session is in the log, whatever the client does', async () => {
  const logger = recordingLogger();
  const { url } = await serverForTest({ logger });
  const sessions: string[] = [];
  const noting: Fetch = async (target, init) => {
    const session = new Headers(init.headers).get('heddle-session');
    if (session !== null) sessions.push(session);
    return fetch(target, init);
  };
  const polled = await client(url, overHttp(noting));
  const http = url.replace('ws', 'http');
  const headers = { 'heddle-session': sessions[0]!, 'heddle-after': '7' };
  const refused = await fetch(`${http}/session/send`, { method: 'POST', headers, body: 'rubbish' });
  expect(refused.status).toBe(400);
  await until(() => polled.connection.state !== 'open', 'it is sent away');
  expect(polled.connection.reason?.code).toBe('FRAME_MALFORMED');
  expect(new Set(sessions).size).toBe(1);
  expect(logger.lines.join()).not.toContain(sessions[0]);
});

test('X1, A1: a page that is not allowed gets no session, and neither gets its cookie one', async () => {
  const { url } = await serverForTest({
    auth: { ...auth, cookie: 'token' },
    origins: ['https://app.example'],
  });
  const http = url.replace('ws', 'http');
  const cookie = `token=${await tokenFor('ann')}`;
  const open = (origin: string): Promise<Response> =>
    fetch(`${http}/session`, { method: 'POST', headers: { origin, cookie } });
  expect((await open('https://evil.example')).status).toBe(403);
  expect((await open('https://app.example')).status).toBe(200);
  const from =
    (origin: string): Fetch =>
    (target, init) =>
      fetch(target, { ...init, headers: { ...init.headers, origin, cookie } });
  // The token is in the cookie alone.
  await client(url, overHttp(from('https://app.example')));
});

test('X7, X8, X9: where no WebSocket opens the client goes over HTTP, and back when one does', async () => {
  const { url } = await serverForTest();
  let isBlocked = true;
  const blocked: OpenSocket = (target, events) => {
    if (!isBlocked) return overWebSocket(target, events);
    queueMicrotask(() => events.closed(1006, ''));
    return { send() {}, bufferedBytes: 0, close() {} };
  };
  // Minutes are milliseconds here, for when WebSockets are tried again.
  const fast = {
    ...clock,
    after: (ms: number, run: () => void) => clock.after(ms > 30_000 ? ms / 100 : ms, run),
  };
  const choice = new TransportChoice({
    webSocket: blocked,
    http: overHttp(),
    clock: fast,
    random: Math.random,
  });
  onTestFinished(() => choice.destroy());
  const one = await client(url, choice.openSocket);
  expect(choice.current).toBe('http');
  one.insert('over HTTP');
  await until(() => one.isDone, 'it is durable');
  const states: string[] = [];
  one.connection.on('state', (state) => void states.push(state));
  choice.on('trial', ({ openSocket, ended }) => one.connection.moveTo(openSocket, ended));
  isBlocked = false;
  await until(() => choice.current === 'websocket' && one.isDone, 'it is back');
  one.insert(', by WebSocket');
  await until(() => one.isDone, 'it is durable again');
  // X9: it has been open all the time.
  expect(states).toEqual([]);
});
