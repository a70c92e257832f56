// Who subscribes to which topic.

/** The subscribers of topics, for one kind of socket. A topic without subscribers takes no room. */
export class TopicMembers<Subscriber> {
  readonly #topics = new Map<string, Set<Subscriber>>();

  /** Whether nobody subscribes to anything. */
  get isEmpty(): boolean {
    return this.#topics.size === 0;
  }

  of(topic: string): ReadonlySet<Subscriber> | undefined {
    return this.#topics.get(topic);
  }

  count(topic: string): number {
    return this.#topics.get(topic)?.size ?? 0;
  }

  add(topic: string, subscriber: Subscriber): void {
    const subscribers = this.#topics.get(topic);
    if (subscribers === undefined) this.#topics.set(topic, new Set([subscriber]));
    else subscribers.add(subscriber);
  }

  remove(topic: string, subscriber: Subscriber): void {
    const subscribers = this.#topics.get(topic);
    if (subscribers?.delete(subscriber) === true && subscribers.size === 0) this.#topics.delete(topic);
  }
}
