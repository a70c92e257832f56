// The topics of sockets over HTTP, which ask for their frames. What is published to WebSockets does not reach them.

import { TopicMembers } from './topic-members.js';
import type { Socket } from './transport.js';

/** A socket over HTTP that can be subscribed to a topic. */
export interface PolledSubscriber extends Socket {
  /** Takes a published frame. All subscribers share the frame, and nobody changes it any more. */
  take(frame: Uint8Array): void;
}

export class PolledTopics {
  readonly #members = new TopicMembers<PolledSubscriber>();

  /** Whether no socket over HTTP subscribes to anything. Every publish asks this first. */
  get isEmpty(): boolean {
    return this.#members.isEmpty;
  }

  /** Gives the frame to every subscriber of the topic but the socket `except`. The frame is copied once for all of them. */
  publish(topic: string, frame: Uint8Array, except?: Socket): void {
    const subscribers = this.#members.of(topic);
    if (subscribers === undefined) return;
    let copy: Uint8Array | undefined;
    for (const subscriber of subscribers)
      if (subscriber !== except) subscriber.take((copy ??= frame.slice()));
  }

  count(topic: string): number {
    return this.#members.count(topic);
  }

  add(topic: string, subscriber: PolledSubscriber): void {
    this.#members.add(topic, subscriber);
  }

  remove(topic: string, subscriber: PolledSubscriber): void {
    this.#members.remove(topic, subscriber);
  }
}
