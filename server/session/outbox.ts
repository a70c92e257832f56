// What one connection is still to be sent, whatever document it is about. A frame is sent at once while the socket has room,
// and kept while it has none: one more frame might be the one too many for the socket's buffer. Readers send the parts of a
// document themselves, by the same rule.

import type { Clock } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import type { Socket } from '../transport/transport.js';
import { Fifo } from './fifo.js';

/** Something of which only the newest state is of interest, such as how far updates are durable. */
export interface Latest {
  /** The frame for how it is now. Called when the socket has room. */
  encodeLatest(): Uint8Array;
}

/** Whose outbox it is. */
export interface OutboxHost {
  readonly socket: Socket;
  /** Ends the connection. */
  refuse(error: SyncError): void;
}

/** What all outboxes of a server share. */
export interface OutboxDeps {
  readonly clock: Clock;
  readonly limits: Limits;
}

/** What a frame that waits takes beside its bytes: the object, and its place in the queue. */
const frameBytes = 256;

export class Outbox {
  readonly #host: OutboxHost;
  readonly #deps: OutboxDeps;
  /** Made when the first frame waits: most connections always have room. */
  #waiting: Fifo<Uint8Array> | undefined;
  #waitingBytes = 0;
  /**
   * Sent after all frames that wait. A client that hears how far its updates are durable must have heard before which of
   * them were refused.
   */
  #latest: Set<Latest> | undefined;
  /** When the socket last took something, or a frame first had to wait. */
  #progressAt = 0;
  #isClosed = false;

  constructor(host: OutboxHost, deps: OutboxDeps) {
    this.#host = host;
    this.#deps = deps;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** A frame would be sent at once. */
  get isClear(): boolean {
    return this.#isEmpty && this.#hasRoom;
  }

  /** Sends a frame, which must not change any more, now or when the socket has room. */
  send(frame: Uint8Array): void {
    if (this.#isClosed) return;
    if (!this.#isEmpty) this.#flush();
    if (this.#isEmpty && this.#hasRoom) this.#host.socket.send(frame);
    else this.#wait(frame);
  }

  /** Sends the newest state of something, now or when the socket has room. It waits once, however often it changes. */
  sendLatest(latest: Latest): void {
    if (this.#isClosed) return;
    if (!this.#isEmpty) this.#flush();
    if (this.#isEmpty && this.#hasRoom) this.#host.socket.send(latest.encodeLatest());
    else {
      this.#startWaiting();
      (this.#latest ??= new Set()).add(latest);
    }
  }

  /** It is of no interest any more. */
  forget(latest: Latest): void {
    this.#latest?.delete(latest);
  }

  /** The socket has taken something. */
  drained(): void {
    this.#progressAt = this.#deps.clock.monotonic();
    if (!this.#isEmpty && !this.#isClosed) this.#host.socket.cork(() => this.#flush());
  }

  /** Throws SyncError SLOW_CONSUMER when the client has taken nothing for too long, and something waits. */
  checkProgress(): void {
    const { clock, limits } = this.#deps;
    if (this.#isEmpty || clock.monotonic() - this.#progressAt <= limits.maxStalledMs) return;
    throw new SyncError('SLOW_CONSUMER');
  }

  /** What waits is dropped, and so is what comes. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = undefined;
    this.#waitingBytes = 0;
    this.#latest = undefined;
  }

  get #isEmpty(): boolean {
    return (this.#waiting?.size ?? 0) === 0 && (this.#latest?.size ?? 0) === 0;
  }

  /** A reader above this is taken off the live stream, so whoever has frames waiting is not live (see Reader.checkLag). */
  get #hasRoom(): boolean {
    return this.#host.socket.bufferedBytes <= this.#deps.limits.softBufferedBytes;
  }

  #flush(): void {
    const { socket } = this.#host;
    while (this.#hasRoom) {
      const frame = this.#waiting?.take();
      if (frame === undefined) break;
      this.#waitingBytes -= frame.length + frameBytes;
      socket.send(frame);
    }
    for (const latest of this.#latest ?? []) {
      if ((this.#waiting?.size ?? 0) > 0 || !this.#hasRoom) return;
      this.#latest?.delete(latest);
      socket.send(latest.encodeLatest());
    }
  }

  #wait(frame: Uint8Array): void {
    this.#startWaiting();
    (this.#waiting ??= new Fifo()).push(frame);
    this.#waitingBytes += frame.length + frameBytes;
    // O2: a client that asks or writes, and does not read what comes of it.
    if (this.#waitingBytes > this.#deps.limits.maxUnsentBytes)
      this.#host.refuse(new SyncError('SLOW_CONSUMER'));
  }

  #startWaiting(): void {
    if (this.#isEmpty) this.#progressAt = this.#deps.clock.monotonic();
  }
}
