// How far the log of one room is compacted, and what its next checkpoint is made of. Owns the times of the updates after the
// checkpoint, and what is known of the kept log before it.

import type { Clock } from '../../shared/clock.js';
import type { Limits } from '../../shared/limits.js';
import type { LogRecord } from '../store/store.js';
import type { Tail } from './checkpoint-policy.js';
import type { DocumentLog } from './document-log.js';
import type { Merged } from './document-worker.js';
import { keptBytes, KeptLog, runsOf, type Run } from './kept-log.js';

export interface CompactionDeps {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly log: DocumentLog;
  /** Tells which updates a checkpoint may cover. */
  readonly relay: { readonly durableOffset: number };
  /** The records after an offset that the store keeps before the checkpoint; none when they cannot be read. */
  readonly loadKept: (after: number) => Promise<readonly LogRecord[]>;
  /** Called when a checkpoint has taken the place of a part of the log. */
  readonly replaced: () => void;
}

export class Compaction {
  readonly #deps: CompactionDeps;
  /** Made when it is needed first: most rooms never ask for it. */
  #kept: KeptLog | undefined;
  /** Monotonic time of the first update after the checkpoint; undefined when there is none. */
  #tailSince: number | undefined;
  /** Monotonic time of the last update. */
  #changedAt = Number.NEGATIVE_INFINITY;

  constructor(deps: CompactionDeps) {
    this.#deps = deps;
    if (deps.log.tailLength > 0) this.#tailSince = deps.clock.monotonic();
  }

  /** The log before the checkpoint. */
  get kept(): KeptLog {
    this.#kept ??= new KeptLog(this.#deps.loadKept);
    return this.#kept;
  }

  /** How much a new checkpoint would take off the log. */
  get tail(): Tail {
    const { clock, log } = this.#deps;
    const now = clock.monotonic();
    const ageMs = this.#tailSince === undefined ? 0 : now - this.#tailSince;
    const { tailLength: records, tailBytes: bytes, checkpointBytes } = log;
    return { records, bytes, checkpointBytes, ageMs, quietMs: now - this.#changedAt };
  }

  /** Offset of the checkpoint. */
  get offset(): number {
    return this.#deps.log.checkpointOffset;
  }

  /** The log has one more update. */
  appended(): void {
    this.#changedAt = this.#deps.clock.monotonic();
    this.#tailSince ??= this.#changedAt;
  }

  /** What a checkpoint of everything durable is made of. */
  input(): { offset: number; updates: Uint8Array[] } {
    const { durableOffset: offset } = this.#deps.relay;
    return { offset, updates: this.#deps.log.upTo(offset) };
  }

  /** What the store is to keep of the log before a checkpoint at this offset. */
  async keptAt(offset: number, checkpointBytes: number): Promise<readonly Run[]> {
    const { log, limits } = this.#deps;
    if (this.offset === 0) this.kept.replaced([]);
    const covered = runsOf(this.offset + 1, log.sizes(offset));
    return this.kept.next(covered, keptBytes(checkpointBytes, limits.maxKeptLogBytes));
  }

  /** The store has replaced everything up to this offset by the checkpoint, and keeps so much of the log before it. */
  replaced(offset: number, { parts }: Merged, kept: readonly Run[]): void {
    const { clock, log } = this.#deps;
    this.kept.replaced(kept);
    log.replace(offset, parts);
    this.#tailSince = log.tailLength > 0 ? clock.monotonic() : undefined;
    this.#deps.replaced();
  }
}
