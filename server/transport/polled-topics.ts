// The topics of sockets that ask for their frames: what the binary publishes does not reach them.

/** A socket, as far as a topic knows it. */
export interface PolledSubscriber {
  /** A published frame, which is shared with the other subscribers and not changed any more. */
  take(frame: Uint8Array): void;
}

export class PolledTopics {
  readonly #subscribers = new Map<string, Set<PolledSubscriber>>();

  /** Looked at for every frame that is published. */
  get isEmpty(): boolean {
    return this.#subscribers.size === 0;
  }

  /** To every subscriber but `sender`. The frame is copied, once for all of them. */
  publish(topic: string, frame: Uint8Array, sender?: PolledSubscriber): void {
    const subscribers = this.#subscribers.get(topic);
    if (subscribers === undefined) return;
    let copy: Uint8Array | undefined;
    for (const subscriber of subscribers)
      if (subscriber !== sender) subscriber.take((copy ??= frame.slice()));
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
