// Who has a document open, since when, and what the members know that the document does not have yet.

import type { StateVector } from '../crdt/state-vector.js';
import type { Accepted } from './relay.js';
import type { Writer } from './writer.js';

/** Tells the next clock of a Yjs client id; 0 when the document has nothing of it. */
interface Clocks {
  clockOf(clientId: number): number;
}

/** So many client ids are kept of those that a member is ahead in. An honest client edits under one. */
const maxAhead = 64;

export class Members {
  /** Each with the head of the log when it joined, or asked last for what it lacks. */
  readonly #joinedAt = new Map<Writer, number>();
  /** By user: the members whose last request knew more of some client ids than the document has, and up to which clock. */
  readonly #ahead = new Map<string, Map<Writer, Map<number, number>>>();

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

  /** The member asks for what it lacks: this is what it has. `head`: offset of the last update in the log. */
  asked(member: Writer, head: number, has: StateVector, document: Clocks): void {
    if (!this.has(member)) return;
    this.#joinedAt.set(member, head);
    this.#forgetAhead(member);
    if (member.sub === undefined) return;
    const ahead = new Map<number, number>();
    for (const [clientId, clock] of has)
      if (ahead.size < maxAhead && clock > document.clockOf(clientId)) ahead.set(clientId, clock);
    if (ahead.size === 0) return;
    const ofUser = this.#ahead.get(member.sub) ?? new Map<Writer, Map<number, number>>();
    this.#ahead.set(member.sub, ofUser.set(member, ahead));
  }

  delete(member: Writer): void {
    this.#joinedAt.delete(member);
    this.#forgetAhead(member);
  }

  clear(): void {
    this.#joinedAt.clear();
    this.#ahead.clear();
  }

  /**
   * Whether an update of another connection may be of the client behind this member. Such an update must not be sent to the
   * member before it is durable (D1). It may be the member's if the other connection has ended; or if the connection is of
   * the same user and brought the update before the member joined or asked last, because then the connection may be half
   * open. Where nobody is known, a half-open connection cannot be told from somebody else's.
   */
  mayBeOf(member: Writer, { writer, offset }: Accepted): boolean {
    if (!this.has(writer)) return true;
    const isSameUser = member.sub !== undefined && member.sub === writer.sub;
    return isSameUser && offset <= (this.#joinedAt.get(member) ?? Infinity);
  }

  /**
   * Whether an edit that is about to be taken may be of the client behind another member of the same user (D1). A client that
   * comes back asks with what it has made, and what it sent over an earlier connection may arrive after that: then the
   * request knew more than the document has. `clientId`: whose structs the edit has; negative for several, or for deletions
   * alone. `document`: as it is without the edit.
   */
  mayBeOfOther(writer: Writer, clientId: number, document: Clocks): boolean {
    const ofUser = writer.sub === undefined ? undefined : this.#ahead.get(writer.sub);
    if (ofUser === undefined) return false;
    let isOfOther = false;
    for (const [member, ahead] of ofUser) {
      for (const [id, clock] of ahead) if (clock <= document.clockOf(id)) ahead.delete(id);
      if (ahead.size === 0) this.#forgetAhead(member);
      else if (member !== writer) isOfOther ||= clientId < 0 || ahead.has(clientId);
    }
    return isOfOther;
  }

  #forgetAhead(member: Writer): void {
    const ofUser = member.sub === undefined ? undefined : this.#ahead.get(member.sub);
    if (ofUser?.delete(member) === true && ofUser.size === 0) this.#ahead.delete(member.sub ?? '');
  }
}
