// What the server is to get of a document, in order, and what of that is not known to be durable there. Owns what is counted
// as unsynced, and in which parts it is sent.

import * as Y from 'yjs';
import { emptyUpdate, isEmptyUpdate } from '../crdt/empty-update.js';
import type { Fitted } from '../crdt/fit-update.js';
import { hasMarks } from '../crdt/has-marks.js';
import { Surplus } from '../crdt/surplus.js';
import { splitUpdate } from '../crdt/split-update.js';

/** So many parts on their way at once; what comes meanwhile is joined. */
const maxInFlight = 64;
/** So much of one document on its way at once, bytes: the server holds what comes faster than it is handled. */
const maxBytesInFlight = 256 * 1024;
/** Not more than this goes beside the large uploads of others, bytes. */
const smallBytes = 8 * 1024;
/** Larger updates are cut, bytes, unless they format text. */
const usualPartBytes = 64 * 1024;
/** So much formatted text leaves in one part, bytes: on a slow line everything else that is said waits for it. */
const mostWholeBytes = 4 * 1024 * 1024;
/** After so many lost connections on which formatted text was on its way, it is cut too. */
const maxWholeTries = 2;

/** What an update may get longer by when it is joined with another one, bytes. */
const joinBytes = 16;

/**
 * edit: made by this client. comparison: what the server lacked when both sides were compared. answer: what the server asked
 * for. derived: made by Yjs of its own accord, counted by nobody.
 */
type Origin = 'edit' | 'comparison' | 'answer' | 'derived';

interface Part {
  readonly update: Uint8Array;
  readonly origin: Origin;
  /** Edits that are durable when this part is, with all before it; 0 for what is no edit, and for all but the last part. */
  readonly edits: number;
  /** Edits that were added before those that are in it: none but these can be durable while it is not. */
  readonly from: number;
}

interface InFlight extends Part {
  readonly seq: number;
}

/** To be sent under this number; an offer is passed on only when it is durable. */
export interface Outgoing {
  readonly type: 'update' | 'offer';
  readonly seq: number;
  readonly update: Uint8Array;
}

/**
 * The server would not take what is next. elsewhere: a commenter has deleted something that is not for comments; it counts as
 * refused, and what comes later can follow.
 */
type Unsendable =
  ({ readonly type: 'refused' } & NonNullable<Fitted['refused']>) | { readonly type: 'elsewhere' };

/** How an update is made such that the server takes it. */
export interface Fit {
  (update: Uint8Array): Fitted;
  /** Whether these deletions are nobody's edit (K10). `mayGuess`: as isTidied takes it. */
  readonly isTidied: (deletes: Uint8Array, mayGuess: boolean) => boolean;
}

export class Outbox {
  /** What is next comes first. */
  #waiting: Part[] = [];
  #waitingEdits = 0;
  #waitingBytes = 0;
  /** What Yjs has made of its own accord, and nobody counts. */
  #derived: Uint8Array[] = [];
  /** Of that, what a commenter may not send. It waits for other rights. */
  #derivedElsewhere: Uint8Array[] = [];
  #inFlight: InFlight[] = [];
  /** Edits the server did not take. They are in the document still. */
  #refused = 0;
  #refusedBytes = 0;
  /** Edits before the first that the server did not take; none but these can count as durable, as they count in order. */
  #takenUpTo = Infinity;
  /** What waits, without what the server has said meanwhile; undefined while nobody has asked. */
  #surplus: Surplus | undefined;
  #added = 0;
  #lastSeq = 0;
  /** Connections that were lost while an update was on its way that was not cut, since nothing was left to send. */
  #lostWholes = 0;

  /** Edits that are not known to be durable. */
  get size(): number {
    return this.#inFlight.reduce((sum, { edits }) => sum + edits, this.#waitingEdits + this.#refused);
  }

  /** Bytes of what is not known to be durable, without what the server did not take. */
  get bytes(): number {
    return this.#inFlight.reduce((sum, part) => sum + countedBytes(part), this.#waitingBytes);
  }

  /** Bytes that the server did not take, edits or not. They are in the document still. */
  get refusedBytes(): number {
    return this.#refusedBytes;
  }

  /** Bytes that were handed out, and neither acknowledged nor refused. */
  get bytesInFlight(): number {
    return this.#inFlight.reduce((sum, { update }) => sum + update.length, 0);
  }

  /** So many edits are durable on the server, counted from the first that was ever added, in order. */
  get durable(): number {
    let least = Math.min(this.#added, this.#takenUpTo);
    // What is derived comes before none.
    for (const { from } of this.#inFlight) least = Math.min(least, from);
    for (const { from } of this.#waiting) least = Math.min(least, from);
    return least;
  }

  /** Nothing that is counted waits or is on its way, not even an offer. */
  get isSettled(): boolean {
    return this.#inFlight.every(isDerived) && this.#waiting.every(isDerived);
  }

  /** What Yjs has made of its own accord, and was not sent. */
  get derived(): readonly Uint8Array[] {
    const waiting = this.#waiting.filter(isDerived).map(({ update }) => update);
    return [...waiting, ...this.#derived, ...this.#derivedElsewhere];
  }

  /** Some of what `cover` was given is not acknowledged. */
  get isComparing(): boolean {
    const isOne = ({ origin }: Part): boolean => origin === 'comparison';
    return this.#inFlight.some(isOne) || this.#waiting.some(isOne);
  }

  /** What is next brings nothing, and asks only whether all before it is durable. */
  get isNextEmpty(): boolean {
    return this.#waiting[0]?.update === emptyUpdate;
  }

  /** What waits brings something that is counted: more than the question whether all before it is durable. */
  get brings(): boolean {
    return this.#waiting.some((part) => !isDerived(part) && part.update !== emptyUpdate);
  }

  /** Nothing is on its way, and what is next is small: there is room for it beside what others upload. */
  get isNextSmall(): boolean {
    const nextBytes = this.#waiting[0]?.update.length ?? this.#derived[0]?.length ?? 0;
    return this.#inFlight.length === 0 && nextBytes <= smallBytes;
  }

  /** An edit that was just made, or so many as one update. */
  add(update: Uint8Array, edits = 1): void {
    const from = this.#added;
    this.#added += edits;
    this.#surplus?.add(update);
    this.#wait({ update, origin: 'edit', edits, from });
  }

  /** For who cannot send what waits: with this, which the server has said, it has said all of that since it was asked first. */
  isElsewhereWith(heard: Uint8Array): boolean {
    this.#surplus ??= new Surplus(
      this.#waiting.filter((part) => !isDerived(part)).map(({ update }) => update),
    );
    return this.#surplus.isGoneWith(heard);
  }

  /** A change that Yjs has made of its own accord: it is sent when that is possible, and never counted. */
  derive(update: Uint8Array): void {
    this.#derived = withFew(this.#derived, update);
  }

  /** What the server has asked for goes before all that waits. */
  answer(update: Uint8Array): void {
    this.#waitFirst([{ update, origin: 'answer', edits: 0, from: Infinity }]);
  }

  /**
   * All that waits or was refused is in this update, or with the server already if there is none. What is counted stays
   * counted until that is acknowledged, for which an empty update asks: with `isAsked` also where nothing is counted.
   */
  cover(update: Uint8Array | undefined, isAsked = false): void {
    const edits = this.#waitingEdits + this.#refused;
    const from = this.durable;
    this.#waiting = [];
    this.#waitingEdits = 0;
    this.#waitingBytes = 0;
    this.#derived = [];
    this.#derivedElsewhere = [];
    this.#refused = 0;
    this.#refusedBytes = 0;
    this.#takenUpTo = Infinity;
    if (update !== undefined || edits > 0 || isAsked)
      this.#wait({ update: update ?? emptyUpdate, origin: 'comparison', edits, from });
  }

  /**
   * What to send next, in at most `maxUpdateBytes`, as `fit` makes it; undefined when nothing waits, or enough is on its way.
   * Where the server would refuse something of what is next, that is returned instead. It waits until `refuseNext` is called.
   */
  next(maxUpdateBytes: number, fit: Fit): Outgoing | Unsendable | undefined {
    if (this.#inFlight.length >= maxInFlight || this.bytesInFlight >= maxBytesInFlight) return undefined;
    const partBytes = Math.min(usualPartBytes, maxUpdateBytes);
    if (this.#waiting.length === 0 && this.#derived.length > 0)
      this.#wait({ ...derivedPart, update: Y.mergeUpdates(this.#derived.splice(0)) });
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    if (first.update.length > partBytes)
      this.#cutFirst(this.#isKeptWhole(first.update) ? Math.min(mostWholeBytes, maxUpdateBytes) : partBytes);
    let fitted = fit(this.#waiting[0]!.update);
    // What comes before the fault can be taken.
    if (fitted.refused !== undefined && this.#cutFirst(partBytes)) fitted = fit(this.#waiting[0]!.update);
    if (fitted.refused !== undefined) return { type: 'refused', ...fitted.refused };
    const [part] = this.#take(1) as [Part];
    if (this.#isElsewhere(part, fitted, fit)) return { type: 'elsewhere' };
    const { forgotten } = fitted;
    const isMore = isDerived(part) && forgotten !== undefined;
    const update = isMore ? Y.mergeUpdates([fitted.update, forgotten]) : fitted.update;
    // All of it is elsewhere, and nobody waits for an answer.
    if (isDerived(part) && isEmptyUpdate(update)) return this.next(maxUpdateBytes, fit);
    return this.#number(this.#withJoined({ ...part, update }, partBytes, fit));
  }

  /**
   * Keeps apart what a commenter deletes elsewhere than under the comment roots. Returns whether that was somebody's edit; then
   * the rest of the part waits again.
   */
  #isElsewhere(part: Part, { update, elsewhere, forgotten }: Fitted, fit: Fit): boolean {
    // Sent for itself: it may be refused, and then it is nobody's loss, as what it stood in is deleted anyhow.
    if (forgotten !== undefined && !isDerived(part)) this.derive(forgotten);
    if (elsewhere === undefined) return false;
    const mayGuess = part.edits === 0 && part.origin === 'comparison';
    if (isDerived(part) || fit.isTidied(elsewhere, mayGuess)) {
      this.#derivedElsewhere = withFew(this.#derivedElsewhere, elsewhere);
      return false;
    }
    const isAll = isEmptyUpdate(update);
    this.#refuse({ ...part, update: elsewhere, edits: isAll ? part.edits : 0 });
    if (!isAll) this.#waitFirst([{ ...part, update }]);
    return true;
  }

  /** What is next will not be sent as things are, and counts as refused. Returns it; undefined as `refused` returns false. */
  refuseNext(): Uint8Array | undefined {
    const [part] = this.#take(1);
    const isLoss = part !== undefined && this.#refuse(part);
    return isLoss ? part.update : undefined;
  }

  /**
   * The content of this one is refused, which was handed out whole although it is large: it waits again, in parts, so that all but
   * the part at fault can be taken. Returns false where it is no larger than a part.
   */
  cutRefused(seq: number): boolean {
    const one = this.#inFlight.find((other) => other.seq === seq);
    const updates = one === undefined ? [] : splitUpdate(one.update, usualPartBytes);
    if (one === undefined || updates.length < 2) return false;
    this.#inFlight = this.#inFlight.filter((other) => other !== one);
    this.#lostWholes = maxWholeTries;
    const { origin, edits, from, update } = one;
    this.#waitFirst(partsOf({ origin, edits, from, update }, updates));
    return true;
  }

  /** What was handed out under this number, and not acknowledged or refused. */
  sent(seq: number): Uint8Array | undefined {
    return this.#inFlight.find((other) => other.seq === seq)?.update;
  }

  /** What waits to be handed out, in order. */
  get waiting(): readonly Uint8Array[] {
    return this.#waiting.map(({ update }) => update);
  }

  /** All up to this number are durable. Returns how many edits that were. */
  acknowledged(seq: number): number {
    let edits = 0;
    for (let first = this.#inFlight[0]; first !== undefined && first.seq <= seq; first = this.#inFlight[0]) {
      this.#inFlight.shift();
      edits += first.edits;
    }
    if (this.isSettled) this.#lostWholes = 0;
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
    return this.#refuse(one);
  }

  /**
   * The connection was lost: what was on its way waits again, and numbers begin anew. What the server asked for it asks for
   * again; what was found by comparing counts until it is compared again.
   */
  reset(): void {
    const all = [...this.#inFlight, ...this.#waiting];
    if (this.#inFlight.some(({ update }) => update.length > usualPartBytes)) this.#lostWholes++;
    this.#derived = [
      ...all.filter(isDerived).map(({ update }) => update),
      ...this.#derived,
      ...this.#derivedElsewhere,
    ];
    this.#derivedElsewhere = [];
    this.#inFlight = [];
    this.#waiting = [];
    this.#waitingEdits = 0;
    this.#waitingBytes = 0;
    this.#lastSeq = 0;
    this.#surplus = undefined;
    // What was refused and cut has come behind what was made after it.
    const again = all.filter(({ origin }) => origin === 'edit' || origin === 'comparison');
    this.#waitFirst(again.sort((one, other) => one.from - other.from));
  }

  #wait(part: Part): void {
    this.#waiting.push(part);
    this.#waitingEdits += part.edits;
    this.#waitingBytes += countedBytes(part);
  }

  #waitFirst(parts: readonly Part[]): void {
    const others = this.#waiting;
    this.#waiting = [...parts, ...others];
    for (const part of parts) {
      this.#waitingEdits += part.edits;
      this.#waitingBytes += countedBytes(part);
    }
  }

  #take(count: number): Part[] {
    const taken = this.#waiting.splice(0, count);
    for (const part of taken) {
      this.#waitingEdits -= part.edits;
      this.#waitingBytes -= countedBytes(part);
    }
    return taken;
  }

  /**
   * Whoever shows the document while a part of formatted text comes may tidy marks away whose text comes with a later part (C10).
   * So it is not cut, unless the line does not carry it whole.
   */
  #isKeptWhole(update: Uint8Array): boolean {
    return this.#lostWholes < maxWholeTries && hasMarks(update);
  }

  /** Cuts what is next. Returns false where it is no larger than a part, or cannot be cut. */
  #cutFirst(partBytes: number): boolean {
    const first = this.#waiting[0];
    const updates = first === undefined ? [] : splitUpdate(first.update, partBytes);
    if (first === undefined || updates.length < 2) return false;
    this.#take(1);
    this.#waitFirst(partsOf(first, updates));
    return true;
  }

  /** This part, with as many of the same origin that wait as fit into it. */
  #withJoined(first: Part, partBytes: number, fit: Fit): Part {
    const updates = [first.update];
    let bytes = first.update.length;
    let count = 0;
    for (; first.origin === 'edit' && count < this.#waiting.length; count++) {
      const { update, origin } = this.#waiting[count]!;
      bytes += update.length + joinBytes;
      if (origin !== 'edit' || bytes > partBytes) break;
      const fitted = fit(update);
      if ((fitted.refused ?? fitted.elsewhere ?? fitted.forgotten) !== undefined) break;
      updates.push(fitted.update);
    }
    if (count === 0) return first;
    const edits = this.#take(count).reduce((sum, part) => sum + part.edits, first.edits);
    return { ...first, update: Y.mergeUpdates(updates), edits };
  }

  #number(part: Part): Outgoing {
    const seq = ++this.#lastSeq;
    this.#inFlight.push({ ...part, seq });
    return { type: part.origin === 'edit' ? 'update' : 'offer', seq, update: part.update };
  }

  #refuse({ origin, edits, update, from }: Part): boolean {
    if (origin === 'derived') return false;
    this.#refused += edits;
    this.#refusedBytes += update.length;
    this.#takenUpTo = Math.min(this.#takenUpTo, from);
    return true;
  }
}

/** Its edits are durable when the last part is. */
function partsOf(part: Part, updates: readonly Uint8Array[]): Part[] {
  return updates.map((update, at) => ({
    ...part,
    update,
    edits: at === updates.length - 1 ? part.edits : 0,
  }));
}

/** With another one; many of them as one. */
function withFew(updates: readonly Uint8Array[], update: Uint8Array): Uint8Array[] {
  const all = [...updates, update];
  return all.length > maxInFlight ? [Y.mergeUpdates(all)] : all;
}

const derivedPart = { origin: 'derived', edits: 0, from: Infinity } as const;

function isDerived({ origin }: Part): boolean {
  return origin === 'derived';
}

function countedBytes({ origin, update }: Part): number {
  return origin === 'derived' ? 0 : update.length;
}
