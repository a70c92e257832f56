// What a reader of one document lacks: by the state vector that it has, or by the offset where it was. Reads the log, the
// kept log before the checkpoint and the causal index; changes none of them.

import type { Limits } from '../../shared/limits.js';
import type { CausalIndex } from '../crdt/causal-index.js';
import { cutForReaders } from '../crdt/hold-back.js';
import { mergeInParts } from '../crdt/merge-updates.js';
import type { StateVector } from '../crdt/state-vector.js';
import { answer } from './answer.js';
import { sumBytes, type DocumentLog } from './document-log.js';
import type { KeptLog } from './kept-log.js';
import { LastAnswer } from './last-answer.js';

/** Updates that a reader lacks, to be applied in order, and the offset that they bring it to. */
export interface Missed {
  readonly updates: readonly Uint8Array[];
  readonly offset: number;
}

export interface CatchUpDeps {
  readonly log: DocumentLog;
  readonly index: CausalIndex;
  readonly limits: Limits;
  /** The records before the checkpoint that are still stored. */
  readonly kept: () => KeptLog;
  /** Offset of the last durable update. */
  readonly durableOffset: () => number;
}

/** A resumption and what it was asked under: whoever asks the same before anything has changed gets the same. */
interface Resumption {
  readonly offset: number;
  readonly durableOffset: number;
  readonly checkpointOffset: number;
  readonly missed: Promise<Missed | undefined>;
}

export class CatchUp {
  readonly #deps: CatchUpDeps;
  readonly #lastAnswer = new LastAnswer();
  /** After an outage all readers come back at once, most of them with the same offset. Weak: it is of use for moments. */
  #lastResumption: WeakRef<Resumption> | undefined;

  constructor(deps: CatchUpDeps) {
    this.#deps = deps;
  }

  /** What a peer with this state vector lacks, in parts to be applied in order; it brings the peer to the log's head. */
  missing(stateVector: StateVector): readonly Uint8Array[] {
    const { log, index, limits } = this.#deps;
    const isShort = log.bytes <= limits.syncPartBytes && !index.isFormatted;
    if (stateVector.size === 0 && isShort) return log.all();
    const last = this.#lastAnswer.find(stateVector);
    if (last !== undefined) return last;
    const parts = answer({ log, index }, stateVector, limits.syncPartBytes);
    this.#lastAnswer.keep(stateVector, parts);
    return parts;
  }

  /**
   * The next durable updates after an offset: a bounded piece of them, so that a reader takes one step at a time. Empty when
   * the reader has all that is durable. Later, when a checkpoint covers the offset: then they are read from the store.
   */
  after(offset: number): Missed | Promise<Missed> {
    const { log, durableOffset } = this.#deps;
    const durable = durableOffset();
    if (durable <= offset) return { updates: [], offset };
    if (offset < log.checkpointOffset) return this.#afterFromStore(offset);
    const piece = log.read(offset, durable);
    return { updates: this.cut(piece.update), offset: piece.offset };
  }

  /**
   * The first of the durable updates after an offset; `after` goes on from there. The beginning of the whole document where
   * that is less. Undefined when the updates after the offset are gone, or when the whole document is less and must be read in
   * one transaction: then the reader's state vector is needed (C10).
   */
  async resume(offset: number): Promise<Missed | undefined> {
    const { log, durableOffset: durable } = this.#deps;
    const durableOffset = durable();
    const { checkpointOffset } = log;
    if (offset > durableOffset) return undefined;
    const last = this.#lastResumption?.deref();
    const isSame =
      last?.offset === offset &&
      last.durableOffset === durableOffset &&
      last.checkpointOffset === checkpointOffset;
    if (isSame) return last.missed;
    const resumption = { offset, durableOffset, checkpointOffset, missed: this.#resume(offset) };
    this.#lastResumption = new WeakRef(resumption);
    return resumption.missed;
  }

  async #resume(offset: number): Promise<Missed | undefined> {
    const { log, index, durableOffset, limits } = this.#deps;
    const kept = await this.#fromStore(offset);
    if (kept === undefined) return undefined;
    // Another checkpoint was made in the moment since: the reader goes on from the store.
    if (kept.offset < log.checkpointOffset) return kept;
    const durable = durableOffset();
    if (sumBytes(kept.updates) + log.bytesBetween(kept.offset, durable) > log.bytes)
      return index.isFormatted && log.bytes > limits.syncPartBytes ? undefined : this.#fromTheStart();
    if (durable === kept.offset) return kept;
    const piece = log.read(kept.offset, durable);
    return {
      updates: mergeInParts([...kept.updates, piece.update], limits.syncPartBytes),
      offset: piece.offset,
    };
  }

  /** An update for readers who have what was before it, in parts none of which is larger than a part may be. */
  cut(update: Uint8Array): readonly Uint8Array[] {
    return cutForReaders(update, this.#deps.limits.syncPartBytes, this.#deps.index.isFormatted);
  }

  /** The document has changed, or is kept differently. */
  changed(): void {
    this.#lastAnswer.forget();
  }

  async #afterFromStore(offset: number): Promise<Missed> {
    return (await this.#fromStore(offset)) ?? this.#fromTheStart();
  }

  /**
   * The records after an offset up to the checkpoint, joined; none when the offset is not before the checkpoint; undefined
   * when some are gone.
   */
  async #fromStore(offset: number): Promise<Missed | undefined> {
    const { log, kept, limits } = this.#deps;
    const updates: Uint8Array[] = [];
    let at = offset;
    // Read again when another checkpoint was made while the records were read.
    while (at < log.checkpointOffset) {
      const found = await kept().after(at);
      if (found === undefined) return undefined;
      for (const update of found.updates) updates.push(update);
      at = found.offset;
    }
    return { updates: mergeInParts(updates, limits.syncPartBytes), offset: at };
  }

  /** The checkpoint, or, where there is none, the first updates. */
  #fromTheStart(): Missed {
    const { log, durableOffset } = this.#deps;
    const { checkpointOffset } = log;
    if (checkpointOffset > 0 || durableOffset() === 0)
      return { updates: log.checkpoint(), offset: checkpointOffset };
    const { update, offset } = log.read(0, durableOffset());
    return { updates: this.cut(update), offset };
  }
}
