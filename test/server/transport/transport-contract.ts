// What every transport promises, whatever it is made of. Runs on a harness; titles begin with the number of the rule.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type {
  Socket,
  Transport,
  TransportHandler,
  TransportOptions,
  UpgradeDecision,
} from '../../../server/transport/transport.js';
import { type Peer, RecordingServer } from './recording-server.js';

/** A client of the transport under test. */
export interface ContractClient {
  readonly subprotocol: string;
  readonly frames: Uint8Array[];
  readonly closed: { readonly code: number; readonly reason: string } | undefined;
  send(data: Uint8Array | string): void;
  close(code: number, reason: string): void;
  /** Gone without a word. */
  abandon(): void;
  stopReading(): void;
  resumeReading(): void;
}

export interface ContractConnect {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
}

/** What the suite needs of a transport. */
export interface ContractHarness {
  start(handler: TransportHandler, options: Partial<TransportOptions>): Promise<Transport>;
  /** The client, or how it was refused. */
  connect(
    options?: ContractConnect,
  ): Promise<ContractClient | { readonly status: number; readonly body: string }>;
  /** A client over HTTP (rules X). */
  connectOverHttp(): Promise<ContractClient>;
  request(method: string, path: string, body?: Uint8Array): Promise<{ status: number; body: string }>;
  /** Lets things happen until the condition holds. Fails after some seconds. */
  until(condition: () => boolean): Promise<void>;
  /** Lets happen what is under way. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

const KiB = 1024;
const text = (frame: Uint8Array | undefined) => Buffer.from(frame ?? []).toString();
const bytes = (value: string) => new Uint8Array(Buffer.from(value));

/** Declares the suite for one transport. */
export function describeTransport(name: string, createHarness: () => ContractHarness): void {
  describe(`transport contract: ${name}`, () => {
    let harness: ContractHarness;
    let server: RecordingServer;
    let transport: Transport;

    async function start(options: Partial<TransportOptions> = {}): Promise<void> {
      transport = await harness.start(server, options);
    }

    /** A client and its server end. */
    async function join(
      ...topics: string[]
    ): Promise<{ client: ContractClient; peer: Peer; socket: Socket }> {
      const before = server.peers.length;
      const client = await harness.connect();
      if ('status' in client) throw new Error(`refused with ${client.status}`);
      await harness.until(() => server.peers.length > before);
      const peer = server.peers[before]!;
      for (const topic of topics) peer.socket.subscribe(topic);
      return { client, peer, socket: peer.socket };
    }

    /** Sends to a client that does not read until the answer is the wanted one. */
    function fill(socket: Socket, wanted: 'buffered' | 'dropped', frame: Uint8Array): number {
      for (let sent = 0; sent < 4000; sent++) if (socket.send(frame) === wanted) return sent;
      throw new Error(`4000 frames of ${frame.length} bytes and never ${wanted}`);
    }

    beforeEach(() => {
      harness = createHarness();
      server = new RecordingServer();
    });

    afterEach(() => harness.stop());

    test('T1 a frame arrives whole, whatever its size, and text is told from binary', async () => {
      await start();
      server.onMessage = (peer, frame) => peer.socket.send(frame);
      const { client, peer } = await join();
      const sizes = [0, 1, 125, 126, 65_535, 65_536, 3 * KiB * KiB];
      const sent = sizes.map((size) => new Uint8Array(size).map((_, index) => index * 7));
      for (const frame of sent) client.send(frame);
      client.send('grüße');
      await harness.until(() => client.frames.length === sizes.length + 1);
      sent.forEach((frame, index) => expect(Buffer.from(client.frames[index]!).equals(frame)).toBe(true));
      expect(text(client.frames.at(-1))).toBe('grüße');
      expect(peer.messages.map(({ isBinary }) => isBinary)).toEqual([...sizes.map(() => true), false]);
    });

    test('T2 a publish reaches every subscriber once, not the excepted one, not others', async () => {
      await start();
      const [a, b, c, other] = [await join('t'), await join('t', 'u'), await join('t'), await join('u')];
      transport.publish('t', bytes('from a'), a.socket);
      transport.publish('t', bytes('from other'), other.socket);
      transport.publish('t', bytes('from nobody'));
      transport.publish('t', new Uint8Array(40 * KiB).fill(46));
      transport.publish('t', new Uint8Array(40 * KiB).fill(46), a.socket);
      transport.publish('nobody listens', bytes('lost'));
      for (const { socket } of [a, b, c, other]) socket.send(bytes('end'));
      await harness.until(() => [a, b, c, other].every(({ client }) => text(client.frames.at(-1)) === 'end'));
      const got = (end: { client: ContractClient }) =>
        end.client.frames.map((frame) => text(frame).slice(0, 20).trim());
      const big = '.'.repeat(20);
      expect(got(a)).toEqual(['from other', 'from nobody', big, 'end']);
      expect(got(b)).toEqual(['from a', 'from other', 'from nobody', big, big, 'end']);
      expect(got(c)).toEqual(got(b));
      expect(got(other)).toEqual(['end']);
      expect([transport.subscribers('t'), transport.subscribers('u'), transport.subscribers('v')]).toEqual([
        3, 2, 0,
      ]);
    });

    test('T2 an excepted socket that subscribes to nothing changes nothing, and one that left a topic no longer gets it', async () => {
      await start();
      const [mute, reader] = [await join(), await join('t')];
      transport.publish('t', bytes('1'), mute.socket);
      reader.socket.unsubscribe('t');
      transport.publish('t', bytes('2'), mute.socket);
      reader.socket.subscribe('t');
      reader.socket.subscribe('t');
      transport.publish('t', bytes('3'), mute.socket);
      reader.socket.send(bytes('end'));
      await harness.until(() => text(reader.client.frames.at(-1)) === 'end');
      expect(reader.client.frames.map(text)).toEqual(['1', '3', 'end']);
    });

    test('T3 sent and published frames arrive in the order of the calls', async () => {
      await start();
      const { client, socket } = await join('t');
      const expected: string[] = [];
      const next = (size = 0) => {
        expected.push(String(expected.length));
        return bytes(`${expected.length - 1}${' '.repeat(size)}`);
      };
      for (let round = 0; round < 20; round++) {
        transport.publish('t', next());
        socket.send(next());
        for (let i = 0; i < round * 3; i++) transport.publish('t', next());
        socket.cork(() => {
          socket.send(next(round * KiB));
          transport.publish('t', next(round * 2 * KiB));
          socket.send(next());
        });
        transport.publish('t', next());
        socket.unsubscribe('t');
        socket.send(next());
        socket.subscribe('t');
        if (round % 5 === 0) await harness.settle();
      }
      transport.publish('t', next());
      socket.close(4000, 'done');
      await harness.until(() => client.closed !== undefined);
      expect(client.frames.map((frame) => text(frame).trim())).toEqual(expected);
    });

    test('T4 a full socket says buffered, and drained once it is read; each socket for itself', async () => {
      await start({ maxBufferedBytes: 4 * KiB * KiB });
      const [slow, slower] = [await join(), await join()];
      const frame = new Uint8Array(64 * KiB);
      for (const { client, socket } of [slow, slower]) {
        client.stopReading();
        fill(socket, 'buffered', frame);
        expect(socket.bufferedBytes).toBeGreaterThan(0);
      }
      slow.client.resumeReading();
      await harness.until(() => slow.socket.bufferedBytes === 0);
      await harness.settle();
      expect(slow.peer.events).toContain('drained');
      expect(slower.peer.events).toEqual([]);
      expect(slow.socket.send(frame)).toBe('sent');
      slower.client.resumeReading();
      await harness.until(() => slower.peer.events.includes('drained'));
    });

    test('T5 after the first frame that is refused nothing more reaches a socket, dropped and closed come once (C4)', async () => {
      await start({ maxBufferedBytes: 256 * KiB });
      const { client, peer, socket } = await join('t');
      client.stopReading();
      const frame = new Uint8Array(64 * KiB).fill(46);
      const taken = fill(socket, 'dropped', frame);
      expect(socket.isOpen).toBe(false);
      expect(peer.events).toEqual([]);
      for (let i = 0; i < 5; i++) expect(socket.send(bytes('after'))).toBe('dropped');
      transport.publish('t', bytes('after'));
      client.resumeReading();
      await harness.until(() => peer.events.length === 2 && client.closed !== undefined);
      await harness.settle();
      expect(peer.events).toEqual(['dropped', 'closed 1006']);
      expect(client.closed!.code).toBe(1006);
      expect(client.frames.length).toBeLessThanOrEqual(taken);
      expect(client.frames.every((got) => got.length === frame.length)).toBe(true);
    });

    test('T5 a published frame that is refused ends that socket and no other (C4)', async () => {
      await start({ maxBufferedBytes: 256 * KiB });
      const [slow, fast] = [await join('t'), await join('t')];
      slow.client.stopReading();
      let published = 0;
      for (; slow.socket.isOpen && published < 4000; published++) {
        const frame = new Uint8Array(published % 2 === 0 ? 8 * KiB : 40 * KiB);
        new DataView(frame.buffer).setUint32(0, published);
        transport.publish('t', frame);
        await harness.until(() => fast.client.frames.length === published + 1);
      }
      slow.client.resumeReading();
      await harness.until(() => slow.client.closed !== undefined);
      expect(slow.peer.events.filter((event) => event !== 'drained')).toEqual(['dropped', 'closed 1006']);
      const numbers = slow.client.frames.map((frame) =>
        new DataView(frame.buffer, frame.byteOffset).getUint32(0),
      );
      expect(numbers).toEqual(numbers.map((_, index) => index));
      expect(fast.socket.isOpen).toBe(true);
      expect(transport.subscribers('t')).toBe(1);
    });

    test('T6 closed comes once, last, and never from within another call', async () => {
      await start();
      const ends: ((end: Awaited<ReturnType<typeof join>>) => void)[] = [
        ({ client }) => client.close(4001, 'mine'),
        ({ client }) => client.abandon(),
        ({ socket }) => socket.close(4002, 'yours'),
        ({ socket }) => socket.terminate(),
        ({ socket }) => socket.cork(() => socket.close(4003, 'corked')),
        ({ client }) => client.send('close'),
        ({ client }) => client.send('terminate'),
      ];
      server.onMessage = (peer, frame) => {
        if (text(frame) === 'close') peer.socket.cork(() => peer.socket.close(4004, 'asked'));
        if (text(frame) === 'terminate') peer.socket.terminate();
        if (text(frame) !== '') peer.socket.send(bytes('after'));
      };
      const got: (string | undefined)[] = [];
      for (const end of ends) {
        const joined = await join('t');
        end(joined);
        await harness.until(() => joined.peer.events.some((event) => event.startsWith('closed')));
        await harness.until(() => joined.client.closed !== undefined);
        await harness.settle();
        got.push(joined.peer.events.filter((event) => event !== 'message').join(', '));
        expect(joined.client.frames).toEqual([]);
      }
      expect(got.map((events) => events?.replace(/^closed (1006|4\d+)$/, '$1'))).toEqual([
        '4001',
        '1006',
        '4002',
        '1006',
        '4003',
        '4004',
        '1006',
      ]);
      expect(transport.subscribers('t')).toBe(0);
    });

    test('T6 a close tells the client its code, and a reason of at most 123 bytes cut between characters', async () => {
      await start();
      const [a, b] = [await join(), await join()];
      a.socket.close(4403, `FORBIDDEN: ${'é'.repeat(100)}`);
      b.socket.close(1012, 'DRAINING');
      await harness.until(() => a.client.closed !== undefined && b.client.closed !== undefined);
      expect(a.client.closed).toEqual({ code: 4403, reason: `FORBIDDEN: ${'é'.repeat(56)}` });
      expect(b.client.closed).toEqual({ code: 1012, reason: 'DRAINING' });
    });

    test('T7 every method of a closed socket does nothing', async () => {
      await start();
      const { peer, socket } = await join('t');
      socket.terminate();
      for (let pass = 0; pass < 2; pass++) {
        expect(socket.isOpen).toBe(false);
        expect(socket.send(bytes('x'))).toBe('dropped');
        expect(socket.bufferedBytes).toBe(0);
        let ran = false;
        socket.cork(() => (ran = true));
        expect(ran).toBe(true);
        socket.subscribe('u');
        socket.unsubscribe('t');
        socket.trust();
        socket.close(1000, '');
        socket.terminate();
        await harness.settle();
      }
      expect(peer.events).toEqual(['closed 1006']);
      expect([transport.subscribers('t'), transport.subscribers('u')]).toEqual([0, 0]);
      expect(socket.remoteAddress).toBe('127.0.0.1');
    });

    test('T8 an upgrade is refused with a status and a body, or accepted with a subprotocol', async () => {
      await start();
      const seen: string[] = [];
      server.decide = (request) => {
        seen.push(`${request.path} ${request.query} ${request.header('x-test')} ${request.header('absent')}`);
        return request.path.startsWith('/no')
          ? { accept: false, status: 401, body: 'TOKEN_MISSING' }
          : server.accept('b');
      };
      expect(await harness.connect({ path: '/no' })).toEqual({ status: 401, body: 'TOKEN_MISSING' });
      for (const path of ['/yes', '/a%20b']) {
        const client = await harness.connect({
          path: `${path}?q=%41`,
          headers: { 'X-Test': '1' },
          protocols: ['a', 'b'],
        });
        expect(client).toMatchObject({ subprotocol: 'b' });
      }
      expect(seen).toEqual([
        '/no  undefined undefined',
        '/yes q=%41 1 undefined',
        '/a%20b q=%41 1 undefined',
      ]);
      expect(server.peers).toHaveLength(2);
    });

    test('T8 frames sent while a socket is being opened arrive first', async () => {
      await start();
      const accept = server.accept() as Extract<UpgradeDecision, { accept: true }>;
      const greeting: UpgradeDecision = {
        ...accept,
        open(socket) {
          const handler = accept.open(socket);
          socket.subscribe('t');
          for (let i = 0; i < 3; i++) socket.send(bytes(`hello ${i}`));
          return handler;
        },
      };
      server.decide = () => greeting;
      const { client } = await join();
      transport.publish('t', bytes('news'));
      await harness.until(() => client.frames.length === 4);
      expect(client.frames.map(text)).toEqual(['hello 0', 'hello 1', 'hello 2', 'news']);
      client.abandon();
      await harness.until(() => transport.subscribers('t') === 0);
    });

    test('T15 a stranger says 64 KB in all and no more, one that is trusted what it wants (O4)', async () => {
      await start();
      server.isTrusting = false;
      const ends = [await join(), await join()];
      for (const { client } of ends) for (let i = 0; i < 4; i++) client.send(new Uint8Array(16 * KiB));
      await harness.until(() => ends.every(({ peer }) => peer.messages.length === 4));
      ends[0]!.socket.trust();
      ends[0]!.socket.trust();
      for (const { client } of ends) client.send(new Uint8Array(60 * KiB));
      await harness.until(() => ends[1]!.client.closed !== undefined && ends[0]!.peer.messages.length === 5);
      expect([ends[1]!.client.closed!.code, ends[1]!.peer.messages.length]).toEqual([4529, 4]);
      expect(ends[0]!.socket.isOpen).toBe(true);
    });

    test('T10 a throw in a handler ends that socket with 1011 and touches no other (O1)', async () => {
      await start();
      const [a, b] = [await join(), await join()];
      server.onMessage = (peer, frame) => {
        if (text(frame) === 'boom') throw new Error('boom');
        peer.socket.send(frame);
      };
      a.client.send('boom');
      b.client.send('fine');
      await harness.until(() => a.client.closed !== undefined && b.client.frames.length === 1);
      expect(a.client.closed!.code).toBe(1011);
      expect(a.peer.events).toEqual(['message', 'closed 1011']);
      server.onEvent = (_peer, event) => {
        if (event.startsWith('closed')) throw new Error('boom');
      };
      b.client.abandon();
      await harness.until(() => b.peer.events.length === 2);
      const failure = (): never => {
        throw new Error('boom');
      };
      server.decide = failure;
      expect(await harness.connect()).toMatchObject({ status: 500 });
      for (const reply of [() => Promise.reject(new Error('boom')), failure]) {
        server.reply = reply;
        expect(await harness.request('GET', '/')).toMatchObject({ status: 500, body: 'INTERNAL' });
      }
    });

    test('T11 a request is answered, at once or later, with its whole body at hand', async () => {
      await start({ maxBodyBytes: 100 * KiB });
      server.reply = async (request) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        const body = await request.body().catch((error: { code: string }) => bytes(error.code));
        return {
          status: 200,
          body: `${request.method} ${request.path} ${body.length < 50 ? text(body) : body.length}`,
        };
      };
      expect(await harness.request('GET', '/a%20b')).toEqual({ status: 200, body: 'GET /a%20b ' });
      const whole = await harness.request('POST', '/x', new Uint8Array(100 * KiB));
      expect(whole).toEqual({ status: 200, body: `POST /x ${100 * KiB}` });
      const tooLarge = await harness.request('PUT', '/x', new Uint8Array(100 * KiB + 1));
      expect(tooLarge).toEqual({ status: 200, body: 'PUT /x FRAME_TOO_LARGE' });
      server.reply = () => ({ status: 204 });
      expect(await harness.request('DELETE', '/x')).toEqual({ status: 204, body: '' });
    });

    test('T12 close ends every socket, tells every handler, and may be called again', async () => {
      await start();
      const ends = [await join('t'), await join('t'), await join()];
      transport.stopListening();
      transport.stopListening();
      transport.publish('t', bytes('still here'));
      await harness.until(() => ends[1]!.client.frames.length === 1);
      transport.close();
      transport.close();
      transport.publish('t', bytes('gone'));
      await harness.until(() => ends.every(({ client }) => client.closed !== undefined));
      await harness.settle();
      for (const { peer } of ends) expect(peer.events).toEqual(['closed 1006']);
      expect(transport.subscribers('t')).toBe(0);
    });
  });
}
