// Who has a document open, and since when.

import type { Accepted } from './relay.js';
import type { Writer } from './writer.js';

export class Members {
  /** Each with the head of the log when it joined. */
  readonly #joinedAt = new Map<Writer, number>();

  get size(): number {
    return this.#joinedAt.size;
  }

  has(writer: Writer): boolean {
    return this.#joinedAt.has(writer);
  }

  all(): Writer[] {
    return [...this.#joinedAt.keys()];
  }

  /** `head`: offset of the last update in the log. */
  add(member: Writer, head: number): void {
    this.#joinedAt.set(member, head);
  }

  delete(member: Writer): void {
    this.#joinedAt.delete(member);
  }

  clear(): void {
    this.#joinedAt.clear();
  }

  /**
   * Whether an update of another connection may be of the client behind this member. Such an update must not be sent to the
   * member before it is durable (D1). It may be the member's if the other connection has ended; or if the connection is of
   * the same user and brought the update before the member joined, because then the connection may be half open. Where
   * nobody is known, a half-open connection cannot be told from somebody else's.
   */
  mayBeOf(member: Writer, { writer, offset }: Accepted): boolean {
    if (!this.has(writer)) return true;
    const isSameUser = member.sub !== undefined && member.sub === writer.sub;
    return isSameUser && offset <= (this.#joinedAt.get(member) ?? Infinity);
  }

  /**
   * Whether an update that has waited before it was taken may be of the client behind another member than its writer. The update
   * may have come before that client lost the writer's connection and joined on a new one (D1).
   */
  mayBeOfOther(writer: Writer): boolean {
    if (writer.sub === undefined) return false;
    for (const { sub, connection } of this.#joinedAt.keys())
      if (sub === writer.sub && connection !== writer.connection) return true;
    return false;
  }
}
