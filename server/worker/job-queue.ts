// Which job is next. Within a lane documents take turns, and where jobs have authors, authors do: so a document or an author
// with many jobs holds up only itself. Lanes keep what is short from waiting behind what is long, and the honest from waiting
// behind those that went over a budget lately (V2, V8). Owns the jobs that wait.

import type { DocumentName } from '../../shared/document-name.js';

/**
 * trial: short, and somebody's edits wait for it. long: checkpoints and copies. suspect: of a document or an author that went
 * over a budget.
 */
export type Lane = 'trial' | 'long' | 'suspect';

export interface Queued {
  readonly document: DocumentName;
  readonly lane: Lane;
  /** The user whose update the job is about; undefined where none is known. */
  readonly author: string | undefined;
}

/** Who has a turn: the author, or the document where no author is known. */
type Turn = `author ${string}` | `document ${DocumentName}`;

export class JobQueue<J extends Queued> {
  /** The jobs of each turn in their order. The first turn of a lane is the next. */
  readonly #lanes: Readonly<Record<Lane, Map<Turn, J[]>>> = {
    trial: new Map(),
    long: new Map(),
    suspect: new Map(),
  };
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(job: J): void {
    const lane = this.#lanes[job.lane];
    const turn = turnOf(job);
    const jobs = lane.get(turn);
    if (jobs === undefined) lane.set(turn, [job]);
    else jobs.push(job);
    this.#size++;
  }

  /** Takes the next job of the first of these lanes that has one whose document may run now. */
  take(lanes: readonly Lane[], mayRun: (document: DocumentName) => boolean): J | undefined {
    for (const name of lanes) {
      const lane = this.#lanes[name];
      for (const [turn, jobs] of lane) {
        const index = jobs.findIndex(({ document }) => mayRun(document));
        if (index < 0) continue;
        const [job] = jobs.splice(index, 1);
        // Whose turn it was goes to the end of the lane.
        lane.delete(turn);
        if (jobs.length > 0) lane.set(turn, jobs);
        this.#size--;
        return job;
      }
    }
    return undefined;
  }

  /** Takes everything. */
  clear(): J[] {
    const jobs = Object.values(this.#lanes).flatMap((lane) => [...lane.values()].flat());
    for (const lane of Object.values(this.#lanes)) lane.clear();
    this.#size = 0;
    return jobs;
  }
}

function turnOf({ author, document }: Queued): Turn {
  return author === undefined ? `document ${document}` : `author ${author}`;
}
