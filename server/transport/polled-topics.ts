// The topics of sockets over HTTP, which ask for their frames. The frames that the binary publishes do not reach them.

import type { Socket } from './transport.js';

/** A socket over HTTP that can be subscribed to a topic. */
export interface PolledSubscriber extends Socket {
  /** Takes a published frame. All subscribers share the frame, and nobody changes it any more. */
  take(frame: Uint8Array): void;
}

export class PolledTopics {
  readonly #subscribers = new Map<string, Set<PolledSubscriber>>();

  /** Whether no socket over HTTP subscribes to anything. Every publish asks this first. */
  get isEmpty(): boolean {
    return this.#subscribers.size === 0;
  }

  /** Gives the frame to every subscriber of the topic but the socket `except`. The frame is copied once for all of them. */
  publish(topic: string, frame: Uint8Array, except?: Socket): void {
    const subscribers = this.#subscribers.get(topic);
    if (subscribers === undefined) return;
    let copy: Uint8Array | undefined;
    for (const subscriber of subscribers)
      if (subscriber !== except) subscriber.take((copy ??= frame.slice()));
  }

  count(topic: string): number {
    return this.#subscribers.get(topic)?.size ?? 0;
  }

  add(topic: string, subscriber: PolledSubscriber): void {
    const subscribers = this.#subscribers.get(topic);
    if (subscribers === undefined) this.#subscribers.set(topic, new Set([subscriber]));
    else subscribers.add(subscriber);
  }

  remove(topic: string, subscriber: PolledSubscriber): void {
    const subscribers = this.#subscribers.get(topic);
    if (subscribers?.delete(subscriber) === true && subscribers.size === 0) this.#subscribers.delete(topic);
  }
}
