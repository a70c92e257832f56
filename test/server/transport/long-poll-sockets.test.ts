// Sockets over HTTP and WebSockets on one real server.

import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';

import { longPoll } from '../../../client/connection/long-poll.js';
import { PolledTopics } from '../../../server/transport/polled-topics.js';
import type { Transport } from '../../../server/transport/transport.js';
import { systemClock } from '../../../shared/clock.js';
import { silentLogger } from '../../../shared/logger.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { RecordingServer, type Peer } from './recording-server.js';
import { listeners, sleep, testOptions, transportNames, until } from './transport-harness.js';

const KiB = 1024;
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

describe.each(transportNames)('%s', (name) => {
  let server: RecordingServer;
  let transport: Transport;

  beforeEach(() => {
    server = new RecordingServer();
  });

  afterEach(() => {
    vi.restoreAllMocks();
    transport.close();
  });

  async function start(clock = systemClock, options = {}): Promise<void> {
    transport = await listeners[name]({ ...testOptions, ...options }, server, {
      logger: silentLogger,
      clock,
    });
  }

  interface End {
    readonly peer: Peer;
    readonly frames: string[];
    readonly closed: string[];
    send(text: string): void;
    close(): void;
  }

  async function joined(...topics: string[]): Promise<Peer> {
    const before = server.peers.length;
    await until(() => server.peers.length > before);
    const peer = server.peers[before]!;
    for (const topic of topics) peer.socket.subscribe(topic);
    return peer;
  }

  async function overHttp(...topics: string[]): Promise<End> {
    const [frames, closed]: string[][] = [[], []];
    const joining = joined(...topics);
    let isOpen = false;
    const socket = longPoll(fetch, systemClock)(`ws://127.0.0.1:${transport.port}/`, {
      opened: () => (isOpen = true),
      frame: (frame) => void frames!.push(Buffer.from(frame).toString()),
      closed: (code, reason) => void closed!.push(`${code} ${reason}`),
    });
    onTestFinished(() => socket.close());
    const peer = await joining;
    await until(() => isOpen);
    return {
      peer,
      frames: frames!,
      closed: closed!,
      send: (text) => socket.send(bytes(text)),
      close: () => socket.close(),
    };
  }

  async function overWebSocket(...topics: string[]): Promise<End> {
    const [frames, closed]: string[][] = [[], []];
    const joining = joined(...topics);
    const socket = new WebSocket(`ws://127.0.0.1:${transport.port}/`);
    socket.on('message', (data: Buffer) => frames!.push(data.toString()));
    socket.on('close', (code, reason) => closed!.push(`${code} ${reason.toString()}`));
    onTestFinished(() => socket.terminate());
    const peer = await joining;
    return {
      peer,
      frames: frames!,
      closed: closed!,
      send: (text) => socket.send(bytes(text)),
      close: () => socket.close(),
    };
  }

  test('X3, T2: what is published reaches both kinds once, whoever publishes it, in the order of the calls', async () => {
    await start();
    const [a, b, c, d] = [
      await overHttp('t'),
      await overWebSocket('t'),
      await overHttp('t', 'u'),
      await overWebSocket('u'),
    ];
    const big = '.'.repeat(40 * KiB);
    for (const [i, { peer }] of [a, b, c, d].entries()) {
      transport.publish('t', bytes(`from ${i}`), peer.socket);
      transport.publish('t', bytes(`${i}${big}`), peer.socket);
    }
    a.peer.socket.send(bytes('sent'));
    transport.publish('t', bytes('from nobody'));
    transport.publish('u', bytes('end'));
    for (const { peer } of [a, b]) peer.socket.send(bytes('end'));
    await until(() => [a, b, c, d].every(({ frames }) => frames.at(-1) === 'end'));
    const short = ({ frames }: End): string[] =>
      frames.map((frame) => frame.slice(0, 12).replace(/\.+$/, ' big'));
    const from = (...them: number[]): string[] => them.flatMap((i) => [`from ${i}`, `${i} big`]);
    expect(short(a)).toEqual([...from(1, 2, 3), 'sent', 'from nobody', 'end']);
    expect(short(b)).toEqual([...from(0, 2, 3), 'from nobody', 'end']);
    expect(short(c)).toEqual([...from(0, 1, 3), 'from nobody', 'end']);
    expect(short(d)).toEqual(['end']);
    expect([transport.subscribers('t'), transport.subscribers('u'), transport.subscribers('v')]).toEqual([
      3, 2, 0,
    ]);
  });

  test('X3: costs nothing where nobody is subscribed over HTTP', async () => {
    await start();
    const publish = vi.spyOn(PolledTopics.prototype, 'publish');
    const slice = vi.spyOn(Uint8Array.prototype, 'slice');
    const reader = await overWebSocket('t');
    const away = await overHttp();
    const copies = slice.mock.calls.length;
    for (let i = 0; i < 100; i++) transport.publish('t', bytes(`${i}`));
    transport.publish('t', bytes('x'), reader.peer.socket);
    expect([publish.mock.calls.length, slice.mock.calls.length - copies]).toEqual([0, 0]);
    away.peer.socket.subscribe('u');
    transport.publish('t', bytes('x'));
    expect([publish.mock.calls.length, slice.mock.calls.length - copies]).toEqual([1, 0]);
    away.peer.socket.terminate();
    transport.publish('t', bytes('end'));
    await until(() => reader.frames.at(-1) === 'end');
    expect(publish).toHaveBeenCalledTimes(1);
  });

  test('X1, T1: frames of any size go both ways', async () => {
    await start(systemClock, { maxMessageBytes: 3 * KiB * KiB });
    const client = await overHttp();
    server.onMessage = ({ socket }, frame) => void socket.send(frame);
    const sizes = [0, 1, 127, 128, 70 * KiB, 3 * KiB * KiB];
    for (const size of sizes) client.send('x'.repeat(size));
    await until(() => client.frames.length === sizes.length);
    expect(client.frames.map((frame) => frame.length)).toEqual(sizes);
  });

  test('X1, T6: the end comes with its code and reason, on either side', async () => {
    await start();
    const [a, b] = [await overHttp(), await overHttp()];
    a.peer.socket.send(bytes('last'));
    a.peer.socket.close(4403, 'FORBIDDEN');
    await until(() => a.closed.length === 1);
    expect([a.frames, a.closed]).toEqual([['last'], ['4403 FORBIDDEN']]);
    b.close();
    await until(() => b.peer.events.length === 1);
    expect([a.peer.events, b.peer.events]).toEqual([['closed 4403'], ['closed 1000']]);
  });

  test('X1, T12: close of the transport ends all of them', async () => {
    await start();
    const ends = [await overHttp('t'), await overWebSocket('t'), await overHttp()];
    transport.close();
    transport.close();
    await until(() => ends.every(({ peer }) => peer.events.length === 1));
    expect(ends.map(({ peer }) => peer.events.join())).toEqual(Array(3).fill('closed 1006'));
    expect(transport.subscribers('t')).toBe(0);
    for (const { close } of ends) close();
  });

  test('X5: a client whose poll is cut has 15 s from then', async () => {
    const clock = createFakeClock();
    await start(clock);
    const url = `http://127.0.0.1:${transport.port}/session`;
    const { session } = (await (await fetch(url, { method: 'POST' })).json()) as { session: string };
    const abort = new AbortController();
    const headers = { 'heddle-session': session, 'heddle-after': '0' };
    const poll = fetch(`${url}/poll`, { method: 'POST', headers, signal: abort.signal }).catch(() => 'cut');
    await sleep(50);
    clock.advance(14_000);
    abort.abort();
    expect(await poll).toBe('cut');
    await sleep(50);
    clock.advance(14_000);
    await sleep(10);
    expect(server.peers[0]!.events).toEqual([]);
    clock.advance(2_000);
    await sleep(10);
    expect(server.peers[0]!.events).toEqual(['closed 1006']);
    expect(clock.pending).toBe(0);
  });

  test('O1, O2, X6: bodies over the limit are not kept, least of all of strangers', async () => {
    await start(systemClock, { maxMessageBytes: 100 * KiB, maxBodyBytes: 10 * KiB });
    const url = `http://127.0.0.1:${transport.port}/session`;
    const { session } = (await (await fetch(url, { method: 'POST' })).json()) as { session: string };
    const send = (id: string, size: number): Promise<number> =>
      fetch(`${url}/send`, {
        method: 'POST',
        headers: { 'heddle-session': id, 'heddle-after': '0' },
        body: new Uint8Array(size),
      }).then(
        ({ status }) => status,
        // Cut off while it was still sending.
        () => 0,
      );
    expect(await send('A'.repeat(22), 15 * KiB)).toBe(410);
    const strangers = await Promise.all(Array.from({ length: 10 }, () => send('A'.repeat(22), 2 << 20)));
    expect(strangers.every((status) => status === 0 || status === 410)).toBe(true);
    expect([0, 413]).toContain(await send(session, 1 << 20));
    await until(() => !server.peers[0]!.socket.isOpen);
    const client = await overHttp();
    client.send('still there');
    await until(() => client.peer.messages.length === 1);
  });

  test('X6: what is not of the sessions is the handler’s, as before', async () => {
    await start();
    server.reply = ({ method, path }) => ({ status: 200, body: `${method} ${path}` });
    for (const path of ['/', '/sessions', '/session/', '/session/other', '/Session']) {
      const response = await fetch(`http://127.0.0.1:${transport.port}${path}`, { method: 'POST' });
      expect(await response.text()).toBe(`POST ${path}`);
    }
  });
});

test('X5: a poll outlasts the time-outs of the server for requests', async () => {
  const ends = await Promise.all(
    transportNames.map(async (name) => {
      const server = new RecordingServer();
      const deps = { logger: silentLogger, clock: systemClock };
      const transport = await listeners[name](testOptions, server, deps);
      onTestFinished(() => transport.close());
      const heard: string[] = [];
      const socket = longPoll(fetch, systemClock)(`ws://127.0.0.1:${transport.port}/`, {
        opened: () => {},
        frame: (frame) => void heard.push(Buffer.from(frame).toString()),
        closed: (code) => void heard.push(`closed ${code}`),
      });
      onTestFinished(() => socket.close());
      await until(() => server.peers.length === 1);
      return { heard, peer: server.peers[0]! };
    }),
  );
  await sleep(12_500);
  for (const { peer } of ends) peer.socket.send(bytes('at last'));
  await until(() => ends.every(({ heard }) => heard.length > 0));
  expect(ends.map(({ heard }) => heard)).toEqual(ends.map(() => ['at last']));
});
