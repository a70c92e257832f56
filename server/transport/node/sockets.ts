// All WebSockets of one server: their topics and their heartbeat.

import type { Clock, Timer } from '../../../shared/clock.js';
import type { Logger } from '../../../shared/logger.js';
import { PolledTopics } from '../polled-topics.js';
import { TopicMembers } from '../topic-members.js';
import type { Socket, TransportDependencies, TransportOptions } from '../transport.js';
import { binaryFrame } from './frame.js';

/** One of them. */
export interface Member extends Socket {
  /** Takes a published frame, ready made. All subscribers share its bytes. */
  take(made: Buffer): void;
  /** Called now and then: pings a client that has been silent for half the time it may be, and ends one that is gone. */
  look(now: number, idleMs: number): void;
}

/** The heartbeat looks at every socket so often in the time that a client may be silent. */
const looksPerSilence = 8;

export class NodeSockets {
  readonly maxBufferedBytes: number;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly members = new TopicMembers<Member>();
  /** The topics of the sockets over HTTP. */
  readonly polled = new PolledTopics();
  readonly #idleMs: number;
  /** All whose connection has not ended, also those that are closing. */
  readonly #all = new Set<Member>();
  #timer: Timer | undefined;

  constructor(
    options: Pick<TransportOptions, 'maxBufferedBytes' | 'idleTimeoutS'>,
    { logger, clock }: TransportDependencies,
  ) {
    this.maxBufferedBytes = options.maxBufferedBytes;
    this.#idleMs = options.idleTimeoutS * 1000;
    this.logger = logger;
    this.clock = clock;
  }

  /** Gives the frame to every subscriber of the topic but the socket `except`. Its bytes are made once for all of them. */
  publish(topic: string, frame: Uint8Array, except?: Socket): void {
    if (!this.polled.isEmpty) this.polled.publish(topic, frame, except);
    const subscribers = this.members.of(topic);
    if (subscribers === undefined) return;
    let made: Buffer | undefined;
    for (const subscriber of subscribers)
      if (subscriber !== except) subscriber.take((made ??= binaryFrame(frame)));
  }

  count(topic: string): number {
    return this.members.count(topic) + this.polled.count(topic);
  }

  /** A socket's connection has begun. */
  add(socket: Member): void {
    this.#all.add(socket);
    this.#timer ??= this.clock.every(this.#idleMs / looksPerSilence, () => this.#look());
  }

  /** A socket's connection has ended. */
  remove(socket: Member): void {
    this.#all.delete(socket);
    if (this.#all.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  terminateAll(): void {
    for (const socket of this.#all) socket.terminate();
  }

  #look(): void {
    const now = this.clock.monotonic();
    for (const socket of this.#all) socket.look(now, this.#idleMs);
  }
}
