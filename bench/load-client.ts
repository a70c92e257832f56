// A client that costs next to nothing: WebSocket framing over a plain TCP socket, so that the load generator is not what
// is measured. Sends prepared frames, hands over what it receives.

import { connect, type Socket } from 'node:net';

const opcode = { binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const;

export class LoadClient {
  readonly #socket: Socket;
  readonly #receive: (payload: Uint8Array) => void;
  #rest: Buffer = Buffer.alloc(0);
  #isOpen = false;
  #opened: (() => void) | undefined;
  /** Set when the server has ended the connection. */
  closed = false;

  private constructor(socket: Socket, receive: (payload: Uint8Array) => void) {
    this.#socket = socket;
    this.#receive = receive;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('close', () => {
      this.closed = true;
    });
    socket.on('error', () => {
      this.closed = true;
    });
  }

  /** Resolves when the server has accepted the upgrade. `receive` gets each message's payload, a view valid for the call. */
  static async open(port: number, path: string, receive: (payload: Uint8Array) => void): Promise<LoadClient> {
    const socket = connect({ port, host: '127.0.0.1' });
    const client = new LoadClient(socket, receive);
    await new Promise<void>((resolve, reject) => {
      client.#opened = resolve;
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('the server has refused the connection')));
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n',
      );
    });
    return client;
  }

  /** A message, framed by {@link clientFrame}. */
  send(frame: Uint8Array): void {
    this.#socket.write(frame);
  }

  /** Stops and resumes reading, as a slow client would. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (!this.#isOpen) {
      const end = data.indexOf('\r\n\r\n');
      if (end === -1) {
        this.#rest = data;
        return;
      }
      if (!data.toString('latin1', 0, 12).endsWith(' 101')) {
        this.#socket.destroy();
        return;
      }
      data = data.subarray(end + 4);
      this.#isOpen = true;
      this.#opened?.();
    }
    this.#rest = this.#frames(data);
  }

  /** Hands over every whole frame; returns what is left. */
  #frames(data: Buffer): Buffer {
    let at = 0;
    while (data.length - at >= 2) {
      let length = (data[at + 1] ?? 0) & 0x7f;
      let header = 2;
      if (length === 126) {
        header = 4;
        if (data.length - at < header) break;
        length = data.readUInt16BE(at + 2);
      } else if (length === 127) {
        header = 10;
        if (data.length - at < header) break;
        length = Number(data.readBigUInt64BE(at + 2));
      }
      const end = at + header + length;
      if (data.length < end) break;
      const kind = (data[at] ?? 0) & 0x0f;
      if (kind === opcode.binary) this.#receive(data.subarray(at + header, end));
      else if (kind === opcode.ping)
        this.#socket.write(clientFrame(data.subarray(at + header, end), opcode.pong));
      at = end;
    }
    return at === data.length ? Buffer.alloc(0) : data.subarray(at);
  }
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
