// A client that costs next to nothing: WebSocket framing over a plain TCP or TLS socket, so that the load generator is
// not what is measured. Sends prepared frames, hands over what it receives.

import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Endpoint } from '../targets/target.js';
import { FrameReader, opcode } from './frame-reader.js';

/** What all plain sockets read into: its bytes are taken before the next one reads. */
const shared = Buffer.allocUnsafe(64 * 1024);

export interface LoadClientOptions {
  readonly endpoint: Endpoint;
  /** Of the WebSocket URL, beginning with a slash. */
  readonly path: string;
  /** Frames to be sent as soon as the socket is open, asked for then. */
  greeting(): readonly Uint8Array[];
  /** Called before anything is received. */
  opening?(client: LoadClient): void;
  /** Each message's payload, a view valid for the call. */
  receive(payload: Uint8Array): void;
  /** What a large payload of this length may be: if it is, that very buffer is received. */
  expected?(length: number): Buffer | undefined;
  /** The connection has ended, by whoever's wish; `why` as far as the server told. */
  closed(why: string): void;
}

export class LoadClient {
  readonly #socket: Socket;
  readonly #options: LoadClientOptions;
  readonly #frames: FrameReader;
  /** Bytes of the answer to the upgrade, until it is whole. */
  #answer: Buffer | undefined = Buffer.alloc(0);
  #opened: (error?: Error) => void = () => {};
  #unsent: Uint8Array[] = [];
  #why = 'the connection broke';
  #isClosing = false;
  /** Set when the connection has ended. */
  closed = false;

  private constructor(options: LoadClientOptions) {
    this.#options = options;
    this.#frames = new FrameReader(
      (kind, payload) => this.#message(kind, payload),
      (length) => options.expected?.(length),
    );
    this.#socket = connectTo(new URL(options.endpoint.url), (chunk) => this.#read(chunk));
    this.#socket.setNoDelay(true);
    this.#socket.on('error', (error) => (this.#why = error.message));
    this.#socket.on('close', () => this.#ended());
  }

  /** Resolves when the server has accepted the upgrade, rejects when it refuses or cannot be reached. */
  static async open(options: LoadClientOptions): Promise<LoadClient> {
    const client = new LoadClient(options);
    options.opening?.(client);
    await new Promise<void>((resolve, reject) => {
      client.#opened = (error) => (error === undefined ? resolve() : reject(error));
      client.#socket.write(upgradeRequest(options.endpoint, options.path));
    });
    return client;
  }

  /** A message, framed by {@link clientFrame}, once the socket is open. What is sent in one turn of the event loop is written at once. */
  send(frame: Uint8Array): void {
    if (this.#unsent.push(frame) === 1) process.nextTick(() => this.#flush());
  }

  /** Stops and resumes reading, as a slow client would. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Idempotent. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#why = 'closed by the client';
    this.#flush();
    this.#socket.destroySoon();
  }

  #flush(): void {
    const frames = this.#unsent;
    if (frames.length === 0) return;
    this.#unsent = [];
    if (!this.closed) this.#socket.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames));
  }

  #read(chunk: Buffer): void {
    if (this.#answer === undefined) {
      this.#frames.push(chunk);
      return;
    }
    const data = Buffer.concat([this.#answer, chunk]);
    const end = data.indexOf('\r\n\r\n');
    this.#answer = end === -1 ? data : undefined;
    if (end !== -1) this.#answered(data.toString('latin1', 0, end), data.subarray(end + 4));
  }

  #answered(head: string, rest: Buffer): void {
    const [status = ''] = head.split('\r\n');
    if (!/^HTTP\/1\.1 101\b/.test(status)) {
      this.#why = `the server has refused the connection: ${status}`;
      this.#socket.destroy();
      return;
    }
    for (const frame of this.#options.greeting()) this.send(frame);
    this.#opened();
    this.#frames.push(rest);
  }

  #message(kind: number, payload: Buffer): void {
    if (kind === opcode.binary || kind === opcode.text) this.#options.receive(payload);
    else if (kind === opcode.ping) this.send(clientFrame(payload, opcode.pong));
    else if (kind === opcode.close) {
      const code = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
      this.#why = `closed by the server with ${code} ${payload.toString('utf8', 2)}`.trim();
      this.#socket.end(clientFrame(payload.subarray(0, 2), opcode.close));
    }
  }

  #ended(): void {
    this.closed = true;
    this.#opened(new Error(this.#why));
    this.#options.closed(this.#why);
  }
}

function connectTo(url: URL, read: (chunk: Buffer) => void): Socket {
  const isSecure = url.protocol === 'wss:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || (isSecure ? 443 : 80);
  if (isSecure) return connectTls({ host, port, servername: host }).on('data', read);
  return connect({
    host,
    port,
    onread: {
      buffer: shared,
      callback: (count: number) => {
        read(shared.subarray(0, count));
        return true;
      },
    },
  });
}

function upgradeRequest(endpoint: Endpoint, path: string): string {
  const { host, pathname } = new URL(endpoint.url);
  const isOffered = endpoint.protocol !== 'hocuspocus' && endpoint.token !== undefined;
  return [
    `GET ${pathname.replace(/\/$/, '')}${path} HTTP/1.1`,
    `Host: ${host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    'Sec-WebSocket-Version: 13',
    ...(isOffered ? [`Sec-WebSocket-Protocol: heddle, ${endpoint.token}`] : []),
    '\r\n',
  ].join('\r\n');
}

/** One client-to-server frame. The masking key is zero, which is allowed and costs nothing. */
export function clientFrame(payload: Uint8Array, kind: number = opcode.binary): Uint8Array {
  const { length } = payload;
  const extra = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const frame = Buffer.alloc(2 + extra + 4 + length);
  frame[0] = 0x80 | kind;
  frame[1] = 0x80 | (extra === 0 ? length : extra === 2 ? 126 : 127);
  if (extra === 2) frame.writeUInt16BE(length, 2);
  else if (extra === 8) frame.writeBigUInt64BE(BigInt(length), 2);
  frame.set(payload, 2 + extra + 4);
  return frame;
}
