// A WebSocket client that can misbehave: it writes the bytes it is told to write, and reads when it is told to read.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A frame as it came. */
export interface RawFrame {
  readonly isFinal: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
}

/** How a frame is to be written; what is not given is as it should be. */
export interface FrameOptions {
  readonly opcode?: number;
  readonly isFinal?: boolean;
  readonly isMasked?: boolean;
  /** The three reserved bits, 0 to 7. */
  readonly reserved?: number;
  /** The length to claim, whatever the payload is. */
  readonly claimedLength?: number;
}

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** The bytes of one frame from a client. */
export function encodeFrame(payload: Uint8Array, options: FrameOptions = {}): Buffer {
  const { opcode = opcodes.binary, isFinal = true, isMasked = true, reserved = 0 } = options;
  const length = options.claimedLength ?? payload.length;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = (isFinal ? 0x80 : 0) | (reserved << 4) | opcode;
  head[1] = (isMasked ? 0x80 : 0) | (length < 126 ? length : length < 65_536 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  // A mask of zeros leaves the payload as it is.
  return Buffer.concat([head, Buffer.alloc(isMasked ? 4 : 0), payload]);
}

/** A TCP connection that keeps what it receives. */
export class RawSocket {
  readonly socket: Socket;
  isClosed = false;
  #received = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  /** What has come and was not taken. */
  get received(): Buffer {
    return this.#received;
  }

  take(bytes: number): Buffer {
    const taken = this.#received.subarray(0, bytes);
    this.#received = this.#received.subarray(bytes);
    return taken;
  }

  /** Resolves when the kernel has it, or the connection is gone. */
  async write(bytes: Uint8Array | string): Promise<void> {
    if (this.isClosed || this.socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.socket.off('close', done);
        resolve();
      };
      this.socket.once('close', done);
      this.socket.write(bytes, done);
    });
  }

  /** The whole frames that have come; takes them. */
  takeFrames(): RawFrame[] {
    const frames: RawFrame[] = [];
    for (let frame = this.#takeFrame(); frame !== undefined; frame = this.#takeFrame()) frames.push(frame);
    return frames;
  }

  stopReading(): void {
    this.socket.pause();
  }

  resumeReading(): void {
    this.socket.resume();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Whether the server ended the connection within so many milliseconds. */
  async endsWithin(ms: number): Promise<boolean> {
    if (this.isClosed) return true;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
    });
    return this.isClosed;
  }

  #takeFrame(): RawFrame | undefined {
    const bytes = this.#received;
    if (bytes.length < 2) return undefined;
    const short = bytes.readUInt8(1) & 0x7f;
    const headLength = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < headLength) return undefined;
    const long =
      short === 126 ? bytes.readUInt16BE(2) : Number(short === 127 ? bytes.readBigUInt64BE(2) : short);
    if (bytes.length < headLength + long) return undefined;
    const first = bytes.readUInt8(0);
    const frame = this.take(headLength + long);
    return { isFinal: first >= 0x80, opcode: first & 0x0f, payload: frame.subarray(headLength) };
  }
}

/** A plain connection to a server on this machine. */
export async function connectRaw(port: number): Promise<RawSocket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return new RawSocket(socket);
}

/** A connection on which the WebSocket handshake is done. */
export async function openRawWebSocket(
  port: number,
  path = '/',
  headers: Readonly<Record<string, string>> = {},
): Promise<RawSocket> {
  const raw = await connectRaw(port);
  const lines = [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  await raw.write(`${lines.join('\r\n')}\r\n\r\n`);
  while (!raw.received.includes('\r\n\r\n')) {
    if (raw.isClosed) throw new Error('the server ended the connection during the handshake');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const head = raw.take(raw.received.indexOf('\r\n\r\n') + 4).toString();
  if (!head.startsWith('HTTP/1.1 101')) throw new Error(`handshake refused: ${head}`);
  return raw;
}
