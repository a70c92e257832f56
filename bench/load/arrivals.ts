// What of a ledger has arrived at one participant. Exact and cheap: a clock, a count of whole updates per writer, and a
// mark per deleted piece.

import type { Ledger } from './ledger.js';
import type { UpdateParts } from './update-parts.js';
import type { WriterLog } from './writer-log.js';

export class Arrivals {
  /** Distinct updates of others that are whole here. */
  delivered = 0;
  /** Its own that came back. */
  echoed = 0;
  /** What broke a writer's order first, and whatever else must not be. */
  fault: string | undefined;
  readonly #ledger: Ledger;
  readonly #isSampled: boolean;
  /** By writer: everything before this clock is here. */
  readonly #clocks: Uint32Array;
  /** By writer: how many of its updates are whole. */
  readonly #counts: Uint32Array;
  readonly #pieces: Uint8Array;
  readonly #isOwn: Uint8Array;
  /** Ranges that came before what is in front of them: writer, from, to. */
  #early: { writer: number; from: number; to: number }[] = [];
  readonly #echoCame: (sentAtMs: number) => void;

  /** `echoCame` is told of each of its own updates that comes back. */
  constructor(ledger: Ledger, isSampled: boolean, echoCame: (sentAtMs: number) => void) {
    this.#ledger = ledger;
    this.#isSampled = isSampled;
    this.#echoCame = echoCame;
    this.#clocks = Uint32Array.from(ledger.writers, (log) => log.start);
    this.#counts = new Uint32Array(ledger.writers.length);
    this.#pieces = new Uint8Array(ledger.pieceCount);
    this.#isOwn = new Uint8Array(ledger.writers.length);
  }

  /** From now on this writer's updates are its own. */
  own(writer: number): void {
    this.#isOwn[writer] = 1;
  }

  /** It has had these clocks from the beginning, from elsewhere. */
  assume(stateVector: ReadonlyMap<number, number>): void {
    for (const [client, clock] of stateVector) {
      const writer = this.#ledger.indexOf(client);
      if (writer === undefined || clock <= this.#clocks[writer]!) continue;
      this.#clocks[writer] = clock;
      this.#counts[writer] = this.#ledger.writers[writer]!.countUpTo(clock);
    }
  }

  /** An update has come. `isLive`: not the answer to a sync request, so its time counts and its order can be judged. */
  take(parts: UpdateParts, nowMs: number, isLive: boolean): void {
    for (const piece of parts.pieces) this.#pieces[piece] = 1;
    for (let i = 0; i < parts.writers.length; i++)
      this.#range(parts.writers[i]!, parts.from[i]!, parts.to[i]!);
    for (const writer of parts.touched) this.#advance(writer, nowMs, isLive);
    if (isLive && parts.pieces.length > 0) this.#judgeDeletions(parts.pieces);
  }

  /** Updates of others that were sent and are not here. */
  get missing(): number {
    const missing = this.#countMissing();
    if (missing === 0 || this.#ledger.pieceCount === 0) return missing;
    // What deletes only what is deleted already need never come.
    for (let writer = 0; writer < this.#counts.length; writer++)
      if (this.#isOwn[writer] === 0) this.#advance(writer, 0, false);
    return this.#countMissing();
  }

  /** Names what is missing. */
  describeMissing(): string {
    for (const [writer, log] of this.#ledger.writers.entries()) {
      const next = this.#counts[writer]!;
      if (this.#isOwn[writer] === 1 || next >= log.sentCount) continue;
      const { from, to } = log.script.updates[next]!;
      const what = to > from ? `clocks ${from} to ${to}` : 'deletions';
      return `update ${next} of client ${log.script.clientId} (${what}) never came, of ${log.sentCount} it sent`;
    }
    return 'nothing is missing';
  }

  #countMissing(): number {
    let missing = 0;
    for (let writer = 0; writer < this.#counts.length; writer++)
      if (this.#isOwn[writer] === 0)
        missing += Math.max(0, this.#ledger.writers[writer]!.sentCount - this.#counts[writer]!);
    return missing;
  }

  #range(writer: number, from: number, to: number): void {
    const clock = this.#clocks[writer]!;
    if (to <= clock) return;
    if (from > clock) {
      this.#early.push({ writer, from, to });
      // Its own it has anyway: in which order they come back is the server's choice.
      if (this.#isOwn[writer] === 1) return;
      const { clientId } = this.#ledger.writers[writer]!.script;
      this.#broken(`clocks ${from} to ${to} of client ${clientId} came before ${clock} to ${from}`);
      return;
    }
    this.#clocks[writer] = to;
    if (this.#early.length > 0) this.#fill(writer);
  }

  /** Takes what came early and now fits. */
  #fill(writer: number): void {
    const fits = this.#early.find((one) => one.writer === writer && one.from <= this.#clocks[writer]!);
    if (fits === undefined) return;
    this.#early = this.#early.filter((one) => one !== fits);
    this.#range(writer, fits.from, fits.to);
    this.#fill(writer);
  }

  /** Counts the updates of a writer that have become whole. */
  #advance(writer: number, nowMs: number, isLive: boolean): void {
    const log = this.#ledger.writers[writer]!;
    const first = this.#counts[writer]!;
    const limit = this.#wholeUpTo(log, first, this.#clocks[writer]!);
    if (limit > log.sentCount) {
      this.#broken(`update ${limit - 1} of client ${log.script.clientId} came, and was never sent`);
      return;
    }
    if (limit <= first) return;
    this.#counts[writer] = limit;
    if (this.#isOwn[writer] === 1) {
      this.echoed += limit - first;
      for (let i = first; i < limit; i++) this.#echoCame(log.sentAt[i]!);
      return;
    }
    this.delivered += limit - first;
    if (!this.#isSampled || !isLive) return;
    for (let i = first; i < limit; i++) this.#ledger.latency.add(nowMs - log.sentAt[i]!);
  }

  #wholeUpTo(log: WriterLog, first: number, clock: number): number {
    if (log.deletes === undefined) return log.countUpTo(clock);
    let limit = first;
    while (limit < log.sentCount && log.ends[limit]! <= clock && this.#hasAll(log.deletes[limit])) limit++;
    return limit;
  }

  #hasAll(pieces: readonly number[] | undefined): boolean {
    if (pieces === undefined) return true;
    for (const piece of pieces) if (this.#pieces[piece] === 0) return false;
    return true;
  }

  /** A deletion that came while an earlier update of its writer had not. */
  #judgeDeletions(pieces: readonly number[]): void {
    for (const piece of pieces) {
      const owner = this.#ledger.pieceOwners[piece];
      if (owner === undefined || this.#isOwn[owner.writer] === 1) continue;
      if (owner.update <= this.#counts[owner.writer]!) continue;
      const { clientId } = this.#ledger.writers[owner.writer]!.script;
      this.#broken(`update ${owner.update} of client ${clientId} came before ${this.#counts[owner.writer]}`);
    }
  }

  #broken(what: string): void {
    this.fault ??= what;
  }
}
