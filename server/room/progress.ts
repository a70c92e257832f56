// How far a room has come: which updates are accepted, relayed and durable, and who waits for that.

import type { SyncError } from '../../shared/errors.js';
import type { CatchUp } from './catch-up.js';
import type { DocumentLog } from './document-log.js';
import type { Members } from './members.js';
import { Milestones } from './milestones.js';
import type { Accepted, Relay } from './relay.js';
import type { Writer } from './writer.js';

/** What progress is told by. */
export interface ProgressParts {
  readonly log: DocumentLog;
  readonly relay: Relay;
  readonly members: Members;
  readonly catchUp: CatchUp;
}

export class Progress {
  readonly #parts: ProgressParts;
  /** Who waits for an offset to be durable. */
  readonly #durable = new Milestones();
  /** The last offset that a member waits for because an update up to it may be the member's own. */
  #ownAwaitedAt = 0;

  constructor(parts: ProgressParts) {
    this.#parts = parts;
  }

  /** Offset of the last accepted update. */
  get head(): number {
    return this.#parts.log.head;
  }

  /** Offset of the last durable update. */
  get durableOffset(): number {
    return this.#parts.relay.durableOffset;
  }

  /** Offset of the last update that live readers were sent. */
  get relayedOffset(): number {
    return this.#parts.relay.relayedOffset;
  }

  /** Up to here live readers have been sent everything, and all of it is durable. */
  get cursor(): number {
    return this.#parts.relay.cursor;
  }

  /** Whether a member waits for its own updates, or what may be its own, to be durable. */
  get isOwnAwaited(): boolean {
    return this.#ownAwaitedAt > this.durableOffset;
  }

  /** When everything there is now is durable; undefined when it is. Rejects with the SyncError that the room ends with. */
  settled(): Promise<void> | undefined {
    const { head } = this;
    return this.durableOffset === head ? undefined : this.#durable.wait(head);
  }

  /** When everything is durable that may be this member's own; undefined when it is. Rejects as `settled` does. */
  ownDurable(member: Writer): Promise<void> | undefined {
    const { relay, members } = this.#parts;
    const mayBeOwn = (update: Accepted): boolean =>
      update.writer === member || members.mayBeOf(member, update);
    if (!relay.isPending(mayBeOwn)) return undefined;
    this.#ownAwaitedAt = this.head;
    return this.settled();
  }

  /**
   * What a reader that has everything durable lacks of what live readers were sent. Undefined when some of that may be its
   * own: then the reader has to wait until that is durable.
   */
  relayedSince(offset: number, reader: Writer): Uint8Array[] | undefined {
    const { relay, members, catchUp } = this.#parts;
    const updates = relay.relayedSince(offset, reader, (update) => members.mayBeOf(reader, update));
    return updates?.flatMap((update) => catchUp.cut(update));
  }

  /** Everything up to this offset is durable. */
  durable(offset: number): void {
    this.#parts.relay.durable(offset);
    this.#durable.reached(offset);
  }

  /** Nothing more becomes durable: whoever waits is told why. */
  fail(error: SyncError): void {
    this.#durable.fail(error);
  }
}
