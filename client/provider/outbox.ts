// Edits of this client that are not known to be durable on the server, in order. Owns what is counted as unsynced.

import * as Y from 'yjs';

/** So many updates on their way at once; what comes meanwhile is joined. */
const maxInFlight = 64;

/** No structs and no deletes. */
const emptyUpdate = Uint8Array.of(0, 0);

interface InFlight {
  readonly seq: number;
  readonly update: Uint8Array;
  /** How many edits are in it; 0 for what was only offered. */
  readonly edits: number;
  /** Yjs has made it of its own accord. */
  readonly isDerived: boolean;
  /** With it and all before it, so many edits of all that were ever added are with the server. */
  readonly through: number;
}

/** To be sent under this number. */
export interface Outgoing {
  readonly seq: number;
  readonly update: Uint8Array;
}

export class Outbox {
  #waiting: Uint8Array[] = [];
  #waitingEdits = 0;
  /** What Yjs has made of its own accord, and nobody counts. */
  #derived: Uint8Array[] = [];
  #inFlight: InFlight[] = [];
  /** Edits the server did not take. They are in the document still. */
  #refused = 0;
  /** Edits before the first that the server did not take; none but these can count as durable, as they count in order. */
  #takenUpTo = Infinity;
  #added = 0;
  #durable = 0;
  #lastSeq = 0;

  /** Edits that are not known to be durable. */
  get size(): number {
    return this.#inFlight.reduce((sum, { edits }) => sum + edits, this.#waitingEdits + this.#refused);
  }

  /** So many edits are durable on the server, counted from the first that was ever added, in order. */
  get durable(): number {
    return this.#durable;
  }

  /** Nothing is waiting or on its way, not even an offer. */
  get isSettled(): boolean {
    return this.#waiting.length === 0 && this.#inFlight.length === 0;
  }

  /** An edit that was just made, or so many as one update. */
  add(update: Uint8Array, edits = 1): void {
    this.#waiting.push(update);
    this.#waitingEdits += edits;
    this.#added += edits;
  }

  /** What to send next; undefined when nothing waits, or enough is on its way. */
  next(): Outgoing | undefined {
    if (this.#waiting.length === 0 || this.#inFlight.length >= maxInFlight) return undefined;
    const update = this.#waiting.length === 1 ? this.#waiting[0]! : Y.mergeUpdates(this.#waiting);
    const edits = this.#waitingEdits;
    this.#waiting = [];
    this.#waitingEdits = 0;
    return this.#number(update, edits);
  }

  /** A change that Yjs has made of its own accord: it is sent when that is possible, and never counted. */
  derive(update: Uint8Array): void {
    this.#derived.push(update);
    if (this.#derived.length > maxInFlight) this.#derived = [Y.mergeUpdates(this.#derived)];
  }

  /** What Yjs has made of its own accord, to be offered; undefined when there is none, or enough is on its way. */
  nextDerived(): Outgoing | undefined {
    if (this.#derived.length === 0 || this.#inFlight.length >= maxInFlight) return undefined;
    return this.#number(Y.mergeUpdates(this.#derived.splice(0)), 0, true);
  }

  /** Something that is sent without being an edit. */
  offer(update: Uint8Array): Outgoing {
    return this.#number(update, 0);
  }

  /**
   * All that waits or was refused is in this update, or with the server already if there is none. What is counted stays
   * counted until that is acknowledged, for which an empty update asks.
   */
  cover(update: Uint8Array | undefined): Outgoing | undefined {
    const edits = this.#waitingEdits + this.#refused;
    this.#waiting = [];
    this.#waitingEdits = 0;
    this.#derived = [];
    this.#refused = 0;
    this.#takenUpTo = Infinity;
    if (update === undefined && edits === 0) return undefined;
    return this.#number(update ?? emptyUpdate, edits);
  }

  /** All up to this number are durable. Returns how many edits that were. */
  acknowledged(seq: number): number {
    let edits = 0;
    for (let first = this.#inFlight[0]; first !== undefined && first.seq <= seq; first = this.#inFlight[0]) {
      this.#inFlight.shift();
      edits += first.edits;
      this.#durable = Math.max(this.#durable, Math.min(first.through, this.#takenUpTo));
    }
    return edits;
  }

  /**
   * This one was not taken by the server, and it is of no use to send it again as things are. Returns false for what Yjs has
   * made of its own accord, which is nobody's loss.
   */
  refused(seq: number): boolean {
    const one = this.#inFlight.find((other) => other.seq === seq);
    if (one === undefined) return true;
    this.#inFlight = this.#inFlight.filter((other) => other !== one);
    if (one.isDerived) return false;
    this.#refused += one.edits;
    this.#takenUpTo = Math.min(this.#takenUpTo, one.through - one.edits);
    return true;
  }

  /** The connection was lost: what was on its way waits again, and numbers begin anew. */
  reset(): void {
    const derived = this.#inFlight.filter(({ isDerived }) => isDerived);
    this.#derived = [...derived.map(({ update }) => update), ...this.#derived];
    const lost = this.#inFlight.filter(({ edits }) => edits > 0);
    this.#waiting = [...lost.map(({ update }) => update), ...this.#waiting];
    this.#waitingEdits += lost.reduce((sum, { edits }) => sum + edits, 0);
    this.#inFlight = [];
    this.#lastSeq = 0;
  }

  #number(update: Uint8Array, edits: number, isDerived = false): Outgoing {
    const seq = ++this.#lastSeq;
    const through = this.#added - this.#waitingEdits;
    this.#inFlight.push({ seq, update, edits, isDerived, through });
    return { seq, update };
  }
}
