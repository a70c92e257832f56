// One WebSocket of the ws package behind the Socket interface. Owns the promise that after the first refused frame nothing more
// reaches a socket (C4). Knows nothing of HTTP.
//
// ws reads, checks and answers what the client sends: frames, pings, the closing handshake. Binary frames of the server do not
// go through ws: they are written, ready made, to the stream that Node has handed over with the upgrade. That is sound because
// ws writes whole frames in one call too. It would write later, between ours, only for compressed frames and for Blobs, and
// there are none here.

import type { Socket as Stream } from 'node:net';
import type { WebSocket } from 'ws';

import { tooMuchOfStranger } from '../addresses.js';
import type { Place } from '../admissions.js';
import { closeReason } from '../close-reason.js';
import { handlerFailed, tellHandler } from '../tell-handler.js';
import type { SendResult, Socket, SocketHandler } from '../transport.js';
import { binaryFrame } from './frame.js';
import type { Member, NodeSockets } from './sockets.js';

/** What ws says of a message that is larger than it may be. */
const tooLargeCodes: ReadonlySet<unknown> = new Set([
  'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
  'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
]);
/** A cork holds back at most so much: what is above it is written, so that `send` can tell what the kernel does not take. */
const maxCorkedBytes = 64 * 1024;
const nothing = new Uint8Array();

/**
 * open: frames go both ways. closing: the close frame is written, and the handler has been told of the end. closed: over.
 *
 * | state   | close                   | terminate, or a refused frame | the connection ends    |
 * | ------- | ----------------------- | ----------------------------- | ---------------------- |
 * | open    | closing; tells `closed` | closed; tells `closed`        | closed; tells `closed` |
 * | closing | nothing                 | closed                        | closed                 |
 * | closed  | nothing                 | nothing                       | nothing                |
 *
 * The handler is told of `closed` and `dropped` in a microtask, so that no call on a socket ever reenters its handler.
 */
export class NodeSocket implements Member {
  readonly #sockets: NodeSockets;
  readonly #place: Place;
  readonly #ws: WebSocket;
  readonly #stream: Stream;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #handler: SocketHandler | undefined;
  /** The topics, mostly one. */
  #joined: readonly string[] = [];
  #isCorked = true;
  /** Bytes that the cork holds back: the kernel was not asked to take them yet. */
  #corkedBytes: number;
  /** Whether Node will call when what is in the buffer now is written. */
  #awaitsWritten = false;
  /** For the heartbeat: what had been read when it last looked, when that had grown, and whether a ping was sent since. */
  #seenBytes = 0;
  #heardAt: number;
  #isPinged = false;

  /** The stream is corked, and holds back the answer to the upgrade, until the socket is started. */
  constructor(sockets: NodeSockets, place: Place, connection: { ws: WebSocket; stream: Stream }) {
    this.#sockets = sockets;
    this.#place = place;
    this.#ws = connection.ws;
    this.#stream = connection.stream;
    this.#corkedBytes = this.#stream.writableLength;
    this.#heardAt = sockets.clock.monotonic();
    this.#ws.on('message', (message: Buffer, isBinary) => this.#onMessage(message, isBinary));
    this.#ws.on('error', (error) => this.#onError(error));
    this.#ws.on('close', (code) => this.#onClose(code));
    sockets.add(this);
  }

  get remoteAddress(): string {
    return this.#place.remoteAddress;
  }

  /** A client that has begun the closing handshake is told nothing more, as nothing may follow the close frame. */
  get isOpen(): boolean {
    return this.#state === 'open' && this.#ws.readyState === this.#ws.OPEN;
  }

  get bufferedBytes(): number {
    return this.#state === 'closed' ? 0 : this.#stream.writableLength - this.#corkedBytes;
  }

  send(frame: Uint8Array): SendResult {
    return this.isOpen ? this.#write(binaryFrame(frame)) : 'dropped';
  }

  take(made: Buffer): void {
    if (this.isOpen) this.#write(made);
  }

  cork(run: () => void): void {
    if (!this.isOpen || this.#isCorked) return run();
    this.#isCorked = true;
    this.#stream.cork();
    try {
      run();
    } finally {
      this.#uncork();
    }
  }

  subscribe(topic: string): void {
    if (!this.isOpen || this.#joined.includes(topic)) return;
    this.#joined = this.#joined.concat(topic);
    this.#sockets.members.add(topic, this);
  }

  unsubscribe(topic: string): void {
    if (!this.#joined.includes(topic)) return;
    this.#joined = this.#joined.filter((other) => other !== topic);
    this.#sockets.members.remove(topic, this);
  }

  trust(): void {
    this.#place.seat.believe();
  }

  close(code: number, reason: string): void {
    if (!this.isOpen) return;
    // The close frame would wait behind more than a socket may have in its buffer.
    if (this.bufferedBytes > this.#sockets.maxBufferedBytes) return this.terminate();
    this.#leave('closing', code);
    this.#ws.close(code, Buffer.from(closeReason(reason)));
    // Nothing follows the close frame. A client that does not answer it sees at least that, and is cut off by ws later.
    this.#stream.end();
  }

  terminate(): void {
    if (this.#state === 'closed') return;
    this.#leave('closed', 1006);
    this.#ws.terminate();
  }

  /** Gives the open socket to its handler. */
  start(open: (socket: Socket) => SocketHandler): void {
    try {
      this.#handler = open(this);
    } catch (error) {
      handlerFailed(this, this.#sockets.logger, error);
    }
    this.#uncork();
  }

  look(now: number, idleMs: number): void {
    if (!this.isOpen) return;
    const { bytesRead } = this.#stream;
    if (bytesRead !== this.#seenBytes) {
      this.#seenBytes = bytesRead;
      this.#heardAt = now;
      this.#isPinged = false;
      return;
    }
    const silentMs = now - this.#heardAt;
    if (silentMs >= idleMs) return this.terminate();
    if (silentMs < idleMs / 2 || this.#isPinged) return;
    this.#isPinged = true;
    this.#ws.ping();
  }

  #write(made: Buffer): SendResult {
    const stream = this.#stream;
    if (this.bufferedBytes > this.#sockets.maxBufferedBytes) {
      queueMicrotask(() => this.#tell((handler) => handler.dropped()));
      this.terminate();
      return 'dropped';
    }
    stream.write(made);
    if (this.#isCorked) this.#countCorked(made.length);
    if (this.bufferedBytes === 0) return 'sent';
    this.#awaitWritten();
    return 'buffered';
  }

  #uncork(): void {
    this.#isCorked = false;
    this.#corkedBytes = 0;
    this.#stream.uncork();
    if (this.isOpen && this.bufferedBytes > 0) this.#awaitWritten();
  }

  #countCorked(bytes: number): void {
    this.#corkedBytes += bytes;
    if (this.#corkedBytes <= maxCorkedBytes) return;
    this.#corkedBytes = 0;
    this.#stream.uncork();
    this.#stream.cork();
  }

  /** Has Node call when all that is in the buffer now is written. The stream's own event comes only for a full buffer. */
  #awaitWritten(): void {
    if (this.#awaitsWritten) return;
    this.#awaitsWritten = true;
    this.#stream.write(nothing, this.#written);
  }

  readonly #written = (): void => {
    this.#awaitsWritten = false;
    if (!this.isOpen) return;
    if (this.bufferedBytes > 0) this.#awaitWritten();
    this.#tell((handler) => handler.drained());
  };

  #onMessage(message: Buffer, isBinary: boolean): void {
    if (!this.isOpen) return;
    if (!this.#place.seat.hear(message.length)) {
      const { closeCode, reason } = tooMuchOfStranger();
      return this.close(closeCode, reason);
    }
    this.#tell((handler) => handler.message(message, isBinary));
  }

  /** The client has broken the protocol, or sent too large a message. ws has written a close frame of its own. */
  #onError(error: Error & { readonly code?: unknown }): void {
    if (tooLargeCodes.has(error.code)) this.#place.outgrew();
    this.terminate();
  }

  #onClose(code: number): void {
    this.#leave('closed', code);
    this.#sockets.remove(this);
  }

  #leave(state: 'closing' | 'closed', code: number): void {
    const wasOpen = this.#state === 'open';
    this.#state = state;
    if (!wasOpen) return;
    this.#place.seat.leave();
    for (const topic of this.#joined) this.#sockets.members.remove(topic, this);
    this.#joined = [];
    queueMicrotask(() => this.#tell((handler) => handler.closed(code)));
  }

  #tell(call: (handler: SocketHandler) => void): void {
    tellHandler(this, this.#handler, this.#sockets.logger, call);
  }
}
