// Admission in two tiers (V3). The causal index has judged an update already. Plain edits are taken at once. What may cost
// every reader much is tried in a worker thread against the room's document first, one update of a room after the other.
//
// The measure is steps: how many items Yjs may walk over to find the places of the update's searched structs, at most. One update
// that may take many steps is tried. So that the same cannot come in small pieces, steps of plain edits add up: after a while
// the document is loaded in a worker thread beside (a check, for which nobody waits), and if still more steps come before the
// check is done, the next edit that needs a search is tried.
//
//   steps since the last check:   0 ------- free ---------------- 4 x free ------
//   a searched edit is             taken     taken, a check begins  tried
//
// Each check or trial that finds the document fine widens both bounds, up to four times, as honest documents never use what
// the measure allows for.

import type { DocumentName } from '../../shared/document-name.js';
import { SyncError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logger.js';
import type { Verdict } from '../crdt/causal-index.js';
import type { CostlyDocuments } from './costly-documents.js';
import type { DocumentWorker } from './document-worker.js';
import type { TrialGate, TrialOwner } from './trial-gate.js';

/** What the admissions of all rooms share. */
export interface AdmissionDeps {
  readonly worker: DocumentWorker;
  readonly gate: TrialGate;
  readonly costs: CostlyDocuments;
  readonly logger: Logger;
}

/** What a trial asks of its room. */
export interface Trial<T> extends TrialOwner {
  readonly update: Uint8Array;
  /** Throws SyncError when the room or the writer is gone, so that nothing is taken any more. */
  readonly check: () => void;
  /** The update may be taken. Called in the turn after `check`. */
  readonly take: () => T;
}

/** About a tenth of a second of walking for Yjs. */
const minFreeSteps = 1_000_000;
/** In a large document a few edits must be free too: a check takes as long as loading it. */
const freeStepsPerItem = 20;
const maxFactor = 4;
/** Steps before a check is done, compared with those before it begins. */
const maxToFree = 4;
/** Structs and delete ranges; an hour of typing offline has a few hundred. */
const maxParts = 5_000;
const maxBytes = 2 * 1024 * 1024;
/** Editors nest their content some ten deep. */
const maxDepth = 40;

export class Admission {
  readonly #deps: AdmissionDeps;
  readonly #document: DocumentName;
  readonly #content: () => readonly Uint8Array[];
  /** Steps of what was taken since the last check or trial began. */
  #steps = 0;
  #factor = 1;
  #isChecking = false;
  /** Trials under way or waiting for their turn. */
  #pending = 0;
  /** Settles when the last trial is over. */
  #last: Promise<unknown> = Promise.resolve();

  /** `content` tells the whole document, in causal order. */
  constructor(deps: AdmissionDeps, of: { document: DocumentName; content: () => readonly Uint8Array[] }) {
    this.#deps = deps;
    this.#document = of.document;
    this.#content = of.content;
  }

  /** Whether a trial is under way. */
  get isPending(): boolean {
    return this.#pending > 0;
  }

  /**
   * Whether what the verdict takes may be taken at once; it counts as taken then. `itemCount`: items of the document. Throws
   * SyncError UPDATE_TOO_COSTLY when the document takes nothing of this shape any more.
   */
  isPlain({ shape, update, depth }: Verdict, itemCount: number): boolean {
    const { parts, searched } = shape;
    // A usual keystroke. Also a paste into plain text, which costs readers no more than its bytes.
    if (parts === 1 && searched === 0 && depth === 0) return true;
    if (this.#isExcessive) {
      if (searched > 0) throw excess();
      // The document cannot be loaded, so the update cannot be tried. The update makes nothing slower.
      return true;
    }
    if (parts > maxParts || update.length > maxBytes || depth > maxDepth) return false;
    if (searched === 0) return true;
    const items = itemCount + shape.items;
    const steps = searched * items;
    const free = Math.max(minFreeSteps, freeStepsPerItem * items) * this.#factor;
    if (steps > free || this.#steps + steps > maxToFree * free) return false;
    this.#steps += steps;
    if (this.#steps > free) this.#check();
    return true;
  }

  /** Tries an update when its turn comes, and takes it. Throws or rejects with SyncError to refuse it. */
  try<T>({ update, connection, author, check, take }: Trial<T>): Promise<T> {
    if (this.#isExcessive) throw excess();
    const leave = this.#deps.gate.enter({ connection, author }, update.length);
    this.#pending++;
    const run = async (): Promise<T> => {
      try {
        check();
        await this.#run(update, author);
        check();
        return take();
      } finally {
        this.#pending--;
        leave();
      }
    };
    // The next trial sees what this one has added.
    const trial = this.#last.then(run, run);
    this.#last = trial.catch(() => undefined);
    return trial;
  }

  get #isExcessive(): boolean {
    const { costs } = this.#deps;
    return costs.size > 0 && costs.levelOf(this.#document) === 'excessive';
  }

  /** Loads the document beside. Nobody waits for the answer. */
  #check(): void {
    if (this.#isChecking || this.#pending > 0) return;
    this.#isChecking = true;
    void this.#run(undefined)
      .catch((error: unknown) => this.#checkFailed(error))
      .finally(() => {
        this.#isChecking = false;
      });
  }

  /** That the document is too costly has been noted, and a server that closes needs no check. */
  #checkFailed(error: unknown): void {
    if (error instanceof SyncError && (error.code === 'DOCUMENT_TOO_COSTLY' || error.code === 'DRAINING'))
      return;
    this.#deps.logger.error({ document: this.#document, err: error }, 'a document could not be checked');
  }

  async #run(update: Uint8Array | undefined, author?: string): Promise<void> {
    const { worker, costs } = this.#deps;
    const updates = this.#content();
    const steps = this.#steps;
    try {
      const cost = await worker.try(this.#document, { updates, update }, author);
      costs.measured(this.#document, cost);
      this.#steps = Math.max(0, this.#steps - steps);
      const isFine = costs.levelOf(this.#document) === 'fine';
      this.#factor = isFine ? Math.min(this.#factor * 2, maxFactor) : 1;
    } catch (error) {
      this.#factor = 1;
      if (error instanceof SyncError && error.code === 'DOCUMENT_TOO_COSTLY')
        costs.overBudget(
          this.#document,
          updates.reduce((sum, { length }) => sum + length, 0),
        );
      throw error;
    }
  }
}

function excess(): SyncError {
  return new SyncError('UPDATE_TOO_COSTLY', 'the document loads too slowly to take edits of this kind');
}
