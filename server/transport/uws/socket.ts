// One WebSocket of uWebSockets.js behind the Socket interface, and the topics of a server. Owns the promise that after
// the first refused frame nothing more reaches a socket (C4). Knows nothing of HTTP.

import type { Clock } from '../../../shared/clock.js';
import type { Logger } from '../../../shared/logger.js';
import { tooMuchOfStranger } from '../addresses.js';
import type { Place } from '../admissions.js';
import { closeReason } from '../close-reason.js';
import { PolledTopics } from '../polled-topics.js';
import { TopicMembers } from '../topic-members.js';
import { bigFrameBytes, framesPerTurn, tooLargeReason, type NativeApp, type NativeSocket } from './binary.js';
import type { SendResult, Socket, SocketHandler, TransportDependencies } from '../transport.js';
import { handlerFailed, tellHandler } from '../tell-handler.js';

/** What a native socket carries for us. */
export interface UwsUserData {
  readonly socket: UwsSocket;
}

/** Largest header of a frame the server sends. */
const maxHeaderBytes = 10;

/**
 * The topics of one server and the sockets that are to be cut off.
 *
 * The binary reports a refused frame while it walks its own lists of subscribers. A socket must not be closed nor a
 * topic touched from there, so the report only marks the socket; it is cut off before the next frame is published, at
 * the end of the call that caused it, or at the end of the loop turn, whichever comes first.
 */
export class UwsTopics {
  readonly maxBufferedBytes: number;
  readonly logger: Logger;
  /** The topics of the sockets over HTTP, which the binary does not know. */
  readonly polled = new PolledTopics();
  readonly #clock: Clock;
  readonly #app: NativeApp;
  readonly #members = new TopicMembers<UwsSocket>();
  readonly #toCutOff: UwsSocket[] = [];

  constructor(app: NativeApp, maxBufferedBytes: number, { logger, clock }: TransportDependencies) {
    this.#app = app;
    this.maxBufferedBytes = maxBufferedBytes;
    this.logger = logger;
    this.#clock = clock;
  }

  /** Gives the frame to every subscriber of the topic but the socket `except`, whatever state `except` is in. */
  publish(topic: string, frame: Uint8Array, except?: Socket): void {
    if (!this.polled.isEmpty) this.polled.publish(topic, frame, except);
    // A marked socket is closed here. So a marked `except` is no longer known to the binary below.
    this.cutOffMarked();
    const subscribers = this.#members.of(topic);
    if (subscribers === undefined) return;
    if (frame.length >= bigFrameBytes) {
      // The binary would do the same. But the binary would write the frame even after it refused a smaller one before it.
      for (const subscriber of subscribers) if (subscriber !== except) subscriber.send(frame);
      return;
    }
    // The binary leaves a socket out of a publish by letting that socket publish, and only a subscriber can publish.
    const isDone = except instanceof UwsSocket && except.publishToOthers(topic, frame);
    if (!isDone) this.#app.publish(topic, frame, true);
    this.cutOffMarked();
  }

  count(topic: string): number {
    return this.#members.count(topic) + this.polled.count(topic);
  }

  add(topic: string, socket: UwsSocket): void {
    this.#members.add(topic, socket);
  }

  remove(topic: string, socket: UwsSocket): void {
    this.#members.remove(topic, socket);
  }

  /** Whether published frames that the binary has not handed over yet could take a socket over its limit. */
  mayOverflow(bufferedBytes: number): boolean {
    return bufferedBytes + framesPerTurn * (bigFrameBytes + maxHeaderBytes) > this.maxBufferedBytes;
  }

  /** Marks a socket as having a gap. Safe inside the binary's own loops. */
  mark(socket: UwsSocket): void {
    if (this.#toCutOff.push(socket) === 1) this.#clock.soon(() => this.cutOffMarked());
  }

  /** Ends the sockets that have a gap. Not safe inside the binary's own loops. */
  cutOffMarked(): void {
    for (let socket = this.#toCutOff.pop(); socket !== undefined; socket = this.#toCutOff.pop()) {
      socket.cutOff();
    }
  }
}

/**
 * One socket. It lets go of the native object when that closes, because any later use of the native object throws. The
 * handler is told of `closed` and `dropped` in a microtask, so that no call on a socket ever reenters its handler.
 */
export class UwsSocket implements Socket {
  readonly #topics: UwsTopics;
  readonly #place: Place;
  /** The topics, mostly one. Each change makes a new list, because an array that grows takes room for seventeen entries. */
  #joined: readonly string[] = [];
  #native: NativeSocket<UwsUserData> | undefined;
  #handler: SocketHandler | undefined;
  #state: 'open' | 'cut-off' | 'closing' = 'open';
  #corks = 0;
  #closeAfterCork: { code: number; reason: string } | undefined;

  constructor(topics: UwsTopics, place: Place) {
    this.#topics = topics;
    this.#place = place;
  }

  get remoteAddress(): string {
    return this.#place.remoteAddress;
  }

  get isOpen(): boolean {
    return this.#openNative !== undefined;
  }

  get bufferedBytes(): number {
    return this.#native?.getBufferedAmount() ?? 0;
  }

  get #openNative(): NativeSocket<UwsUserData> | undefined {
    return this.#state === 'open' ? this.#native : undefined;
  }

  send(frame: Uint8Array): SendResult {
    const native = this.#openNative;
    if (native === undefined) return 'dropped';
    // C4: the binary's send first hands over the published frames that wait, and does not look at the limit again after
    // them. Near the limit a ping hands them over, so that we know of a refused one before this frame is sent.
    if (this.#topics.mayOverflow(native.getBufferedAmount())) native.ping();
    const status = this.isOpen ? native.send(frame, true) : 2;
    this.#topics.cutOffMarked();
    if (!this.isOpen) return 'dropped';
    return status === 0 ? 'buffered' : 'sent';
  }

  cork(run: () => void): void {
    const native = this.#openNative;
    if (native === undefined || this.#corks > 0) return run();
    let failure: { thrown: unknown } | undefined;
    this.#corks++;
    native.cork(() => {
      try {
        run();
      } catch (error) {
        failure = { thrown: error };
      }
    });
    this.#corks--;
    // The binary does not end a connection whose close frame was written inside a cork.
    if (this.#corks === 0 && this.#closeAfterCork !== undefined) this.#end(this.#closeAfterCork);
    if (failure !== undefined) throw failure.thrown;
  }

  subscribe(topic: string): void {
    const native = this.#openNative;
    if (native === undefined || this.#joined.includes(topic)) return;
    this.#joined = this.#joined.concat(topic);
    native.subscribe(topic);
    this.#topics.add(topic, this);
  }

  unsubscribe(topic: string): void {
    if (!this.#joined.includes(topic)) return;
    this.#joined = this.#joined.filter((other) => other !== topic);
    // Also while a close waits for the end of a cork: until then the binary would give the socket what is published.
    if (this.#state !== 'cut-off') this.#native?.unsubscribe(topic);
    this.#topics.remove(topic, this);
  }

  trust(): void {
    this.#place.seat.believe();
  }

  close(code: number, reason: string): void {
    if (!this.isOpen) return;
    this.#state = 'closing';
    if (this.#corks === 0) this.#end({ code, reason });
    else this.#closeAfterCork = { code, reason };
  }

  terminate(): void {
    this.#native?.close();
  }

  /**
   * Gives the frame to the other subscribers of the topic, also while this socket is closing. Returns false, and publishes
   * nothing, when this socket subscribes to nothing in the binary: then no publish reaches it anyway.
   */
  publishToOthers(topic: string, frame: Uint8Array): boolean {
    if (this.#native === undefined || this.#joined.length === 0) return false;
    this.#native.publish(topic, frame, true);
    return true;
  }

  /** Ends a socket that has a gap. */
  cutOff(): void {
    if (this.#native === undefined || this.#state !== 'cut-off') return;
    queueMicrotask(() => this.#tell((handler) => handler.dropped()));
    this.#native.close();
  }

  /** The native socket is open. */
  attach(native: NativeSocket<UwsUserData>): void {
    this.#native = native;
  }

  /** Gives the open socket to its handler. */
  start(open: (socket: Socket) => SocketHandler): void {
    if (!this.isOpen) return;
    this.cork(() => {
      try {
        this.#handler = open(this);
      } catch (error) {
        handlerFailed(this, this.#topics.logger, error);
      }
    });
  }

  onMessage(message: ArrayBuffer, isBinary: boolean): void {
    if (!this.isOpen) return;
    if (!this.#place.seat.hear(message.byteLength)) {
      const { closeCode, reason } = tooMuchOfStranger();
      return this.close(closeCode, reason);
    }
    this.#tell((handler) => handler.message(new Uint8Array(message), isBinary));
  }

  onDrain(): void {
    if (this.isOpen) this.#tell((handler) => handler.drained());
  }

  /** Called by the binary in the middle of its own loops: marks, and touches nothing. */
  onDropped(): void {
    if (this.#state !== 'open') return;
    this.#state = 'cut-off';
    this.#topics.mark(this);
  }

  onClose(code: number, reason = ''): void {
    this.#native = undefined;
    if (code === 1006 && reason === tooLargeReason) this.#place.outgrew();
    this.#place.seat.leave();
    for (const topic of this.#joined) this.#topics.remove(topic, this);
    this.#joined = [];
    queueMicrotask(() => this.#tell((handler) => handler.closed(code)));
  }

  #end({ code, reason }: { code: number; reason: string }): void {
    this.#closeAfterCork = undefined;
    const native = this.#native;
    if (native === undefined) return;
    // Above the limit the binary would refuse the close frame too.
    if (native.getBufferedAmount() > this.#topics.maxBufferedBytes) native.close();
    else native.end(code, closeReason(reason));
  }

  #tell(call: (handler: SocketHandler) => void): void {
    tellHandler(this, this.#handler, this.#topics.logger, call);
  }
}
