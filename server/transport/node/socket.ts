// One WebSocket of the ws package behind the Socket interface. Owns the promise that after the first refused frame nothing more
// reaches a socket (C4). Knows nothing of HTTP.
//
// ws reads, checks and answers what the client sends: frames, pings, the closing handshake. Binary frames of the server do not
// go through ws: they are written, ready made, to the stream that Node has handed over with the upgrade. That is sound because
// ws writes whole frames in one call, as long as nothing is compressed and no Blob is sent, and tells us before it does.

import type { Socket as Stream } from 'node:net';
import { WebSocket } from 'ws';

import { tooMuchOfStranger } from '../addresses.js';
import type { Place } from '../admissions.js';
import { closeReason } from '../close-reason.js';
import { handlerFailed, tellHandler } from '../tell-handler.js';
import type { SendResult, Socket, SocketHandler } from '../transport.js';
import { binaryFrame, pingFrame } from './frame.js';
import { PacedStream } from './paced-stream.js';
import type { Member, NodeSockets } from './sockets.js';

/** What ws says of a message that is larger than it may be. */
const tooLargeCodes: ReadonlySet<unknown> = new Set([
  'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
  'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
]);

/** A WebSocket of ws that says when it is about to write a frame of its own. */
export class AnnouncingWebSocket extends WebSocket {
  aboutToWrite: () => void = () => {};

  override close(code?: number, data?: string | Buffer): void {
    this.aboutToWrite();
    super.close(code, data);
  }

  override pong(data?: unknown, mask?: boolean, done?: (error: Error) => void): void {
    this.aboutToWrite();
    super.pong(data, mask, done);
  }
}

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
  readonly #ws: AnnouncingWebSocket;
  readonly #stream: Stream;
  readonly #paced: PacedStream;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #handler: SocketHandler | undefined;
  /** The topics, mostly one. */
  #joined: readonly string[] = [];
  #isCorked = true;
  /** For the heartbeat: what had been read when it last looked, when that had grown, and whether a ping was sent since. */
  #seenBytes = 0;
  #heardAt: number;
  #isPinged = false;

  /** The stream holds back the answer to the upgrade until the socket is started. */
  constructor(
    sockets: NodeSockets,
    place: Place,
    { ws, stream }: { ws: AnnouncingWebSocket; stream: Stream },
  ) {
    this.#sockets = sockets;
    this.#place = place;
    this.#ws = ws;
    this.#stream = stream;
    this.#paced = new PacedStream(stream, () => this.#onShrunk());
    this.#paced.cork();
    this.#heardAt = sockets.clock.monotonic();
    ws.aboutToWrite = () => this.#paced.flush();
    ws.on('message', (message: Buffer, isBinary) => this.#onMessage(message, isBinary));
    ws.on('error', (error) => this.#onError(error));
    ws.on('close', (code) => this.#onClose(code));
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
    return this.#state === 'closed' ? 0 : this.#paced.bufferedBytes;
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
    this.#paced.cork();
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
    this.#paced.drop();
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
    const { bytesRead } = this.#stream;
    if (bytesRead !== this.#seenBytes) {
      this.#seenBytes = bytesRead;
      this.#heardAt = now;
      this.#isPinged = false;
      return;
    }
    const silentMs = now - this.#heardAt;
    if (silentMs >= idleMs) return this.terminate();
    if (silentMs < idleMs / 2 || this.#isPinged || !this.isOpen) return;
    this.#isPinged = true;
    this.#paced.write(pingFrame);
  }

  #write(made: Buffer): SendResult {
    if (this.bufferedBytes > this.#sockets.maxBufferedBytes) {
      queueMicrotask(() => this.#tell((handler) => handler.dropped()));
      this.terminate();
      return 'dropped';
    }
    this.#paced.write(made);
    return this.bufferedBytes === 0 ? 'sent' : 'buffered';
  }

  #uncork(): void {
    this.#isCorked = false;
    this.#paced.uncork();
  }

  #onShrunk(): void {
    if (this.isOpen) this.#tell((handler) => handler.drained());
  }

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
    this.#paced.drop();
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
