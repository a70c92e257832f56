// Which job is next. Fair between documents: within a lane documents take turns, so that a document with many jobs holds up
// only itself. Lanes keep what is short from waiting behind what is long, and honest documents from waiting behind those that
// went over their budget lately (V2). Owns the jobs that wait.

import type { DocumentName } from '../../shared/document-name.js';

/** trial: short, and somebody's edits wait for it. long: checkpoints and copies. suspect: of a document that went over budget. */
export type Lane = 'trial' | 'long' | 'suspect';

export interface Queued {
  readonly document: DocumentName;
  readonly lane: Lane;
}

export class JobQueue<J extends Queued> {
  /** The jobs of each document in their order. The first document of a lane is the one whose turn is next. */
  readonly #lanes: Readonly<Record<Lane, Map<DocumentName, J[]>>> = {
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
    const jobs = lane.get(job.document);
    if (jobs === undefined) lane.set(job.document, [job]);
    else jobs.push(job);
    this.#size++;
  }

  /** Takes the next job of the first of these lanes that has one whose document may run now. */
  take(lanes: readonly Lane[], mayRun: (document: DocumentName) => boolean): J | undefined {
    for (const name of lanes) {
      const lane = this.#lanes[name];
      for (const [document, jobs] of lane) {
        if (!mayRun(document)) continue;
        const job = jobs.shift();
        // The document goes to the end of its lane.
        lane.delete(document);
        if (jobs.length > 0) lane.set(document, jobs);
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
