// How many things of one kind may be under way at a time, and how large they may be: for each owner and together (O2). Owns
// these numbers.

import { SyncError } from '../../shared/errors.js';

/** One owner may have this part of all bytes that may be under way, so that it does not shut out the others. */
const ownerShare = 1 / 4;

export interface GateBounds {
  /** All together. */
  readonly count: number;
  readonly bytes: number;
  readonly countPerOwner: number;
  /** What the things are, and of whom, for the refusals. */
  readonly things: string;
  readonly owner: string;
}

/** What one owner has under way. */
interface Own {
  count: number;
  bytes: number;
}

/** Owners are told apart by value: objects by identity, texts by their letters. */
export class Gate<Owner> {
  readonly #bounds: GateBounds;
  readonly #byOwner = new Map<Owner, Own>();
  #count = 0;
  #bytes = 0;

  constructor(bounds: GateBounds) {
    this.#bounds = bounds;
  }

  get count(): number {
    return this.#count;
  }

  /** One more thing is under way until the returned function is called. Throws SyncError RATE_LIMITED. */
  enter(owner: Owner, bytes: number): () => void {
    const { things, count, countPerOwner, bytes: maxBytes } = this.#bounds;
    const own = this.#byOwner.get(owner) ?? { count: 0, bytes: 0 };
    const isOver = own.count > 0 && own.bytes + bytes > maxBytes * ownerShare;
    if (own.count >= countPerOwner || isOver)
      throw new SyncError('RATE_LIMITED', `too many ${things} of this ${this.#bounds.owner} are under way`);
    // One that is larger than all together may be goes alone.
    if (this.#count >= count || (this.#count > 0 && this.#bytes + bytes > maxBytes))
      throw new SyncError('RATE_LIMITED', `too many ${things} are under way`);
    this.#byOwner.set(owner, { count: own.count + 1, bytes: own.bytes + bytes });
    this.#count++;
    this.#bytes += bytes;
    return () => this.#leave(owner, bytes);
  }

  #leave(owner: Owner, bytes: number): void {
    const own = this.#byOwner.get(owner);
    if (own === undefined || own.count === 1) this.#byOwner.delete(owner);
    else this.#byOwner.set(owner, { count: own.count - 1, bytes: own.bytes - bytes });
    this.#count--;
    this.#bytes -= bytes;
  }
}
