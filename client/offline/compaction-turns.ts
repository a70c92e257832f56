// When a tab merges rows of its copy, and which.

import { planCompaction, type CompactionPlan } from './compaction.js';
import type { CopyRecord } from './copy-record.js';
import type { Compaction } from './copy-rows.js';

/** Rows that could not be merged are left alone for a while. */
const restMs = 60_000;

export class CompactionTurns {
  readonly #encodeDocument: (() => Uint8Array) | undefined;
  readonly #now: () => number;
  #notBefore = 0;

  /** `encodeDocument`: the whole document, where it can be had. `now`: ms, of a clock that does not jump. */
  constructor(encodeDocument: (() => Uint8Array) | undefined, now: () => number) {
    this.#encodeDocument = encodeDocument;
    this.#now = now;
  }

  isDue(record: CopyRecord | undefined, isWriter: boolean): boolean {
    return this.#plan(record, isWriter) !== undefined;
  }

  /** What is to be merged now; undefined for nothing, and for a tab that is not the writer. */
  take(record: CopyRecord | undefined, isWriter: boolean): Compaction | undefined {
    const plan = this.#plan(record, isWriter);
    return plan && { plan, document: plan.isWhole ? this.#encodeDocument?.() : undefined };
  }

  /** This is the record after it. Rows that are there still could not be merged. */
  done(compaction: Compaction | undefined, { rows }: CopyRecord): void {
    const [first] = compaction?.plan.rows ?? [];
    if (rows.some(({ key }) => key === first?.key)) this.delay();
  }

  /** It was not possible. */
  delay(): void {
    this.#notBefore = this.#now() + restMs;
  }

  #plan(record: CopyRecord | undefined, isWriter: boolean): CompactionPlan | undefined {
    const isAllowed = isWriter && this.#now() >= this.#notBefore;
    return isAllowed && record !== undefined ? planCompaction(record) : undefined;
  }
}
