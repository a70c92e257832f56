// A stable address in front of servers that come and go, whose connections can be cut, or left half-open, without a word.

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class TcpProxy {
  /** Port of the server behind; undefined while there is none. */
  target: number | undefined;
  /** Half-open: connections stay and come, and nothing passes any more. */
  isSilent = false;
  /** What clients may send through each connection, bytes per second. */
  upstreamBytesPerS = Infinity;
  /** Bytes that clients sent, and that they heard, through all connections. */
  sentBytes = 0;
  heardBytes = 0;
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(listener: Server) {
    this.#listener = listener;
    listener.on('connection', (socket) => this.#join(socket));
  }

  static async listen(): Promise<TcpProxy> {
    const listener = createServer();
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return new TcpProxy(listener);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#listener.address() as AddressInfo).port}`;
  }

  /** Ends every connection as a pulled cable would, once the other side notices. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  close(): void {
    this.#listener.close();
    this.cut();
  }

  #join(near: Socket): void {
    if (this.target === undefined) {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ port: this.target, host: '127.0.0.1', noDelay: true });
    near.setNoDelay(true);
    near.on('data', (chunk) => (this.sentBytes += chunk.length));
    far.on('data', (chunk) => (this.heardBytes += chunk.length));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.on('data', (chunk) => this.#pass(chunk, one, other));
    }
    near.on('data', (chunk) => this.#slowDown(near, chunk.length));
  }

  #slowDown(near: Socket, bytes: number): void {
    if (this.upstreamBytesPerS === Infinity) return;
    near.pause();
    setTimeout(() => near.resume(), (bytes / this.upstreamBytesPerS) * 1000);
  }

  #pass(chunk: Buffer, from: Socket, to: Socket): void {
    if (this.isSilent || to.write(chunk)) return;
    from.pause();
    to.once('drain', () => from.resume());
  }
}
