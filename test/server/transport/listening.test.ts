import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';

import { ConfigError } from '../../../server/errors.js';
import type { HttpRequest, Socket, Transport } from '../../../server/transport/transport.js';
import { addressText } from '../../../server/transport/uws/http.js';
import { makeCertificate } from '../../support/certificate.js';
import { connectRaw, encodeFrame, openRawWebSocket } from '../../support/raw-socket.js';
import { sleep, startTransport, transportNames, until } from './transport-harness.js';

describe.each(transportNames)('%s', (name) => {
  const running: Transport[] = [];
  type Start = Parameters<typeof startTransport> extends [unknown, ...infer Rest] ? Rest : never;
  async function start(...parameters: Start): Promise<Transport> {
    const transport = await startTransport(name, ...parameters);
    running.push(transport);
    return transport;
  }

  async function refusal(promise: Promise<unknown>): Promise<string> {
    const error = await promise.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }

  afterEach(() => {
    for (const transport of running.splice(0)) transport.close();
  });

  describe('listening', () => {
    test('O1 a port in use is a ConfigError that says so, whoever uses it', async () => {
      const { port } = await start();
      expect(await refusal(start({}, { port }))).toBe(`port ${port} on 127.0.0.1 is in use`);
      expect(await refusal(start({}, { port, host: 'localhost' }))).toBe(
        `port ${port} on localhost is in use`,
      );
      const other = createServer().listen(0, '127.0.0.1');
      await until(() => other.listening);
      const { port: taken } = other.address() as AddressInfo;
      expect(await refusal(start({}, { port: taken }))).toBe(`port ${taken} on 127.0.0.1 is in use`);
      other.close();
    });

    test('O1 a host that cannot be found or is not ours is a ConfigError', async () => {
      expect(await refusal(start({}, { host: 'no-such-host.invalid' }))).toBe(
        'the host "no-such-host.invalid" cannot be resolved',
      );
      expect(await refusal(start({}, { host: '192.0.2.1' }))).toBe(
        '192.0.2.1 is not an address of this machine',
      );
    });

    test('T13 localhost listens on both loopback addresses, and a closed port is free again', async () => {
      const transport = await start({}, { host: 'localhost' });
      const hasV6 = Object.values(networkInterfaces()).some((list) =>
        list?.some(({ address }) => address === '::1'),
      );
      for (const host of ['127.0.0.1', ...(hasV6 ? ['[::1]'] : [])]) {
        expect((await fetch(`http://${host}:${transport.port}/`)).status).toBe(200);
      }
      transport.close();
      const again = await start({}, { host: 'localhost', port: transport.port });
      expect(again.port).toBe(transport.port);
    });

    test('T13 after stopListening open connections work on and new ones are refused', async () => {
      const transport = await start();
      const raw = await connectRaw(transport.port);
      transport.stopListening();
      await raw.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      await until(() => raw.received.includes('200 OK'));
      await expect(connectRaw(transport.port)).rejects.toThrow('ECONNREFUSED');
      raw.destroy();
    });
  });

  describe('TLS', () => {
    const folder = mkdtempSync(join(tmpdir(), 'heddle-tls-'));
    const keyFile = join(folder, 'key.pem');
    const certFile = join(folder, 'cert.pem');
    const hasOpenssl = makeCertificate(folder);

    afterEach(({ task }) => {
      if (task.name.startsWith('O1')) rmSync(folder, { recursive: true, force: true });
    });

    test.runIf(hasOpenssl)(
      'T14 HTTPS and secure WebSockets work with the key and certificate given',
      async () => {
        const transport = await start(
          { open: (socket) => ({ message: (frame) => void socket.send(frame) }) },
          { tls: { keyFile, certFile } },
        );
        const status = await new Promise((resolve, reject) => {
          const options = { port: transport.port, host: '127.0.0.1', rejectUnauthorized: false };
          httpsRequest(options, (response) => resolve(response.statusCode))
            .on('error', reject)
            .end();
        });
        expect(status).toBe(200);
        const socket = new WebSocket(`wss://127.0.0.1:${transport.port}/`, { rejectUnauthorized: false });
        const echoes: number[] = [];
        socket.on('message', (data: Buffer) => echoes.push(data.length));
        socket.on('open', () => [10, 100_000].forEach((size) => socket.send(new Uint8Array(size))));
        await until(() => echoes.length === 2);
        expect(echoes).toEqual([10, 100_000]);
        socket.terminate();
      },
    );

    test('O1 a key that is missing or no key is a ConfigError', async () => {
      const missing = join(folder, 'missing.pem');
      expect(await refusal(start({}, { tls: { keyFile: missing, certFile } }))).toMatch(
        `the TLS key file ${missing} cannot be read: ENOENT`,
      );
      const nonsense = join(folder, 'nonsense.pem');
      writeFileSync(nonsense, 'nonsense');
      expect(await refusal(start({}, { tls: { keyFile: nonsense, certFile: nonsense } }))).toMatch(
        'cannot be used',
      );
    });
  });

  describe('HTTP', () => {
    test('T11 the request is copied: it can be read after a wait, headers sent twice are joined', async () => {
      let seen: HttpRequest | undefined;
      const transport = await start({
        async request(request) {
          await sleep(5);
          seen = request;
          return { status: 200, headers: { 'x-answer': 'yes' }, body: new Uint8Array([1, 2, 3]) };
        },
      });
      const raw = await connectRaw(transport.port);
      await raw.write(
        'GET /a%2Fb?x=1&y HTTP/1.1\r\nHost: h\r\nX-Twice: 1\r\nX-Twice: 2\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n',
      );
      await until(() => raw.received.includes('\x01\x02\x03'));
      expect(seen).toMatchObject({
        method: 'GET',
        path: '/a%2Fb',
        query: 'x=1&y',
        remoteAddress: '127.0.0.1',
      });
      expect(['host', 'x-twice', 'cookie', 'none'].map((name) => seen!.header(name))).toEqual([
        'h',
        '1, 2',
        'a=1; b=2',
        undefined,
      ]);
      expect(raw.received.toString()).toMatch(/x-answer: yes\r\n.*content-length: 3/is);
      raw.destroy();
    });

    test('T11 HEAD gets the length and no body, 204 and 304 neither; the connection stays open', async () => {
      const transport = await start({
        request: ({ path }) =>
          path === '/' ? { status: 200, body: 'hello' } : { status: Number(path.slice(1)) },
      });
      const raw = await connectRaw(transport.port);
      for (const line of ['HEAD / ', 'GET /304 ', 'GET /204 ', 'GET / ']) {
        await raw.write(`${line}HTTP/1.1\r\nHost: h\r\n\r\n`);
      }
      await until(() => raw.received.includes('hello'));
      const [head, notModified, noContent, get] = raw.received.toString().split(/(?=HTTP\/1\.1 )/);
      expect(head).toMatch(/200 OK\r\n.*Content-Length: 5\r\n.*\r\n\r\n$/is);
      expect(notModified).toMatch(/^HTTP\/1.1 304 Not Modified\r\n/);
      expect(noContent).toMatch(/^HTTP\/1.1 204 No Content\r\n/);
      expect(`${notModified}${noContent}`).not.toMatch(/content-length/i);
      expect(get).toMatch(/content-length: 5\r\n(?:.*\r\n)?\r\nhello$/is);
      raw.destroy();
    });

    test('O2 a body over the limit is told to the handler, and one without end ends the connection', async () => {
      const transport = await start(
        {
          async request(request) {
            const code = await request.body().then(
              () => 'whole',
              (error: { code: string }) => error.code,
            );
            return { status: code === 'FRAME_TOO_LARGE' ? 413 : 200, body: code };
          },
        },
        { maxBodyBytes: 64 * 1024 },
      );
      const endless = await connectRaw(transport.port);
      await endless.write('POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n');
      const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
      for (let i = 0; i < 200 && !endless.isClosed; i++) await endless.write(chunk);
      expect(await endless.endsWithin(2000)).toBe(true);
      const huge = await connectRaw(transport.port);
      await huge.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n');
      await until(() => huge.isClosed);
      expect(huge.received.toString()).toMatch(/^HTTP\/1.1 413 .*FRAME_TOO_LARGE$/s);
    });

    test('T11 a client that leaves in the middle of its body is told to the handler, and nothing is written', async () => {
      const outcomes: string[] = [];
      const errors: string[] = [];
      const logger = {
        debug() {},
        info() {},
        warn() {},
        error: (_fields: object, text: string) => errors.push(text),
      };
      const transport = await start(
        {
          async request(request) {
            await request.body().catch((error: Error) => outcomes.push(error.message));
            return { status: 200 };
          },
        },
        {},
        logger,
      );
      const raw = await connectRaw(transport.port);
      await raw.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n123');
      await sleep(20);
      raw.destroy();
      await until(() => outcomes.length === 1);
      await sleep(10);
      expect(outcomes[0]).toMatch('ended early');
      expect(errors).toEqual([]);
    });

    test.each([
      ['GET', ''],
      ['POST', 'the body'],
    ])(
      'T23 a %s that offers to upgrade to something else is answered as if it did not',
      async (method, sent) => {
        const transport = await start({
          request: async (request) => {
            const body = Buffer.from(await request.body()).toString();
            return { status: 200, body: `${request.method} ${request.path} ${request.header('x')} ${body}.` };
          },
        });
        const raw = await connectRaw(transport.port);
        const head = [
          `${method} /a HTTP/1.1`,
          'Host: h',
          'X: y',
          'Connection: Upgrade, HTTP2-Settings',
          'Upgrade: h2c',
          'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA',
          ...(sent === '' ? [] : [`Content-Length: ${sent.length}`]),
        ];
        await raw.write(Buffer.from(`${head.join('\r\n')}\r\n\r\n${sent}`, 'latin1'));
        await until(() => raw.received.toString().endsWith('.'));
        expect(raw.received.toString()).toMatch(/^HTTP\/1.1 200 /);
        expect(raw.received.toString()).toContain(`${method} /a y ${sent}.`);
        // The connection goes on.
        raw.take(raw.received.length);
        await raw.write('GET /b HTTP/1.1\r\nHost: h\r\n\r\n');
        await until(() => raw.received.toString().endsWith('GET /b undefined .'));
        raw.destroy();
      },
    );

    test('O1 a header that would split the reply is not sent', async () => {
      const errors: unknown[] = [];
      const logger = { debug() {}, info() {}, warn() {}, error: (fields: object) => errors.push(fields) };
      const request = () => ({ status: 302, headers: { location: '/\r\nset-cookie: a=b' } });
      const transport = await start({ request }, {}, logger);
      const response = await fetch(`http://127.0.0.1:${transport.port}/`, { redirect: 'manual' });
      expect([response.status, response.headers.get('set-cookie')]).toEqual([500, null]);
      expect(errors).toHaveLength(1);
    });
  });

  describe('sockets', () => {
    test('T8 2,000 sockets with frames sent at once all stay open', async () => {
      let closed = 0;
      const transport = await start({
        open(socket) {
          socket.send(new Uint8Array(10));
          return { closed: () => void closed++ };
        },
      });
      for (let batch = 0; batch < 20; batch++) {
        const sockets = await Promise.all(
          Array.from({ length: 100 }, (_, i) =>
            openRawWebSocket(transport.port, '/', { 'X-Pad': 'x'.repeat(i * 7) }),
          ),
        );
        await until(() => sockets.every((raw) => raw.received.length === 12));
        expect(closed).toBe(batch * 100);
        for (const raw of sockets) raw.destroy();
        await until(() => closed === (batch + 1) * 100);
      }
    });

    test('T4 what a client takes of a large frame shows while it takes it', async () => {
      const left: number[] = [];
      let socket: Socket | undefined;
      const transport = await start(
        {
          open(opened) {
            socket = opened;
            return { drained: () => void left.push(opened.bufferedBytes) };
          },
        },
        { maxBufferedBytes: 64 << 20 },
      );
      const raw = await openRawWebSocket(transport.port);
      raw.stopReading();
      await until(() => socket !== undefined);
      const frame = new Uint8Array(16 << 20).map((_, i) => i * 7);
      expect(socket!.send(frame)).toBe('buffered');
      socket!.send(new Uint8Array([1, 2, 3]));
      const parts: Buffer[] = [];
      raw.socket.on('data', (chunk: Buffer) => parts.push(chunk));
      raw.resumeReading();
      await until(() => socket!.bufferedBytes === 0);
      await until(() => parts.reduce((sum, { length }) => sum + length, 0) === frame.length + 10 + 5);
      expect(left.filter((bytes) => bytes > 0).length).toBeGreaterThan(0);
      expect([...left].sort((a, b) => b - a)).toEqual(left);
      expect(Buffer.concat(parts).subarray(10, -5).equals(frame)).toBe(true);
      raw.destroy();
    });

    test('T6 a client that does not answer a close frame has it, and the end of its connection', async () => {
      const transport = await start({
        open: (socket) => ({ message: () => socket.cork(() => socket.close(4401, 'TOKEN_EXPIRED')) }),
      });
      const raw = await openRawWebSocket(transport.port);
      await raw.write(encodeFrame(new Uint8Array(1)));
      expect(await raw.endsWithin(5_000)).toBe(true);
      expect(raw.takeFrames().map(({ payload }) => payload.subarray(2).toString())).toEqual([
        'TOKEN_EXPIRED',
      ]);
    });

    test('T12 close in the middle of everything leaves nothing behind', async () => {
      const transport = await start({
        request: () => sleep(20).then(() => ({ status: 200 })),
      });
      const requesting = fetch(`http://127.0.0.1:${transport.port}/`).catch((error: Error) => error.message);
      await sleep(10);
      transport.close();
      expect(await requesting).toMatch('fetch failed');
      await sleep(30);
    });

    test('T12 close may be called from within a handler', async () => {
      const events: string[] = [];
      const transport = await start({
        open: () => ({
          message() {
            transport.close();
            events.push('message');
          },
          closed: () => void events.push('closed'),
        }),
      });
      const socket = new WebSocket(`ws://127.0.0.1:${transport.port}/`);
      socket.on('open', () => socket.send('x'));
      await until(() => socket.readyState === WebSocket.CLOSED);
      expect(events).toEqual(['message', 'closed']);
    });

    test('T13 an address is told in its shortest form, IPv4 in IPv6 as IPv4', () => {
      expect(addressText(new Uint8Array([127, 0, 0, 1]))).toBe('127.0.0.1');
      expect(addressText(new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 7]))).toBe(
        '10.0.0.7',
      );
      expect(addressText(new Uint8Array([...Array.from({ length: 15 }, () => 0), 1]))).toBe('::1');
      expect(addressText(new Uint8Array([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]))).toBe(
        '2001:db8::9',
      );
      expect(addressText(new Uint8Array())).toBe('');
    });
  });

  test('T2, T3: who leaves a topic after its close, in one cork, gets what was published before and nothing after', async () => {
    const sockets: Socket[] = [];
    const transport = await start({
      open(socket) {
        socket.subscribe('t');
        sockets.push(socket);
        return {};
      },
    });
    const heard: string[][] = [];
    for (let i = 0; i < 2; i++) {
      const own: string[] = [];
      heard.push(own);
      const client = new WebSocket(`ws://127.0.0.1:${transport.port}/`);
      client.on('message', (message: Buffer) => own.push(message.toString()));
      client.on('close', (code) => own.push(`closed ${code}`));
      await until(() => sockets.length === i + 1);
    }
    const publish = (text: string): void => transport.publish('t', Buffer.from(text));
    sockets[0]!.cork(() => {
      publish('before');
      sockets[0]!.close(4400, '');
      sockets[0]!.unsubscribe('t');
      publish('after');
    });
    await until(() => heard[0]!.includes('closed 4400') && heard[1]!.includes('after'));
    expect(heard).toEqual([
      ['before', 'closed 4400'],
      ['before', 'after'],
    ]);
  });
});
