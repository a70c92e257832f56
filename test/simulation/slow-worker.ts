// The document worker of a simulated world: it works where it stands, but takes its time on the world's clock, so that rooms go
// on, end or are left while it works.

import * as Y from 'yjs';
import type { Merged, MergeRequest, Tried, TryRequest } from '../../server/room/document-worker.js';
import { tooCostly } from '../../server/worker/try-update.js';
import type { Clock } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import { InProcessWorker } from '../support/in-process-worker.js';
import type { SeededRandom } from '../support/seeded-random.js';

/** What loading a document is said to take, ms: the time it really took would differ from run to run. */
const loadMs = 1;
/**
 * What Yjs may have to walk over for an update: its structs times the letters of the document. Beyond that a thread of the
 * server would be at the end of its CPU time, and here nothing ends the work; a million is half a second.
 */
const maxSteps = 1_000_000;

export class SlowWorker extends InProcessWorker {
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #slowestMs: number;

  /** `slowestMs`: the longest that a job takes. */
  constructor(deps: { clock: Clock; random: SeededRandom; slowestMs: number }) {
    super();
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#slowestMs = deps.slowestMs;
  }

  override async merge(document: DocumentName, request: MergeRequest): Promise<Merged> {
    await this.#pass();
    return { ...(await super.merge(document, request)), loadMs };
  }

  override async try(document: DocumentName, request: TryRequest): Promise<Tried> {
    await this.#pass();
    if (stepsOf(request) > maxSteps) throw tooCostly();
    return { ...(await super.try(document, request)), loadMs };
  }

  async #pass(): Promise<void> {
    const ms = this.#random.int(this.#slowestMs + 1);
    if (ms > 0) await new Promise<void>((resolve) => void this.#clock.after(ms, resolve));
  }
}

function stepsOf({ updates, update }: TryRequest): number {
  if (update === undefined) return 0;
  const letters = [...updates, update].flatMap(structsOf).reduce((sum, { length }) => sum + length, 0);
  return structsOf(update).length * letters;
}

function structsOf(update: Uint8Array): readonly { readonly length: number }[] {
  return Y.decodeUpdate(update).structs;
}
