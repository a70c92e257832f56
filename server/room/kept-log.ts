// What the store keeps of a document's log before its checkpoint: for those who come back with an offset. The records stay
// in the store; here is only how far back they go, in runs, to say where the next checkpoint cuts.

import type { LogRecord } from '../store/store.js';

/** Records in a row. */
export interface Run {
  /** Offset of the first. */
  readonly first: number;
  readonly bytes: number;
}

/** A cut is made between runs: the smaller they are, the closer to the bound, and the more there are. */
const runBytes = 16 * 1024;

export class KeptLog {
  readonly #load: (after: number) => Promise<readonly LogRecord[]>;
  /** Undefined until it has been read, or a checkpoint has said. */
  #runs: readonly Run[] | undefined;

  /** `load`: records after an offset and up to the checkpoint, as the store has them; none when they cannot be read. */
  constructor(load: (after: number) => Promise<readonly LogRecord[]>) {
    this.#load = load;
  }

  /** The updates after an offset and up to the checkpoint, or a later one; undefined when some of them are gone. */
  async after(offset: number): Promise<{ updates: Uint8Array[]; offset: number } | undefined> {
    if (this.#runs !== undefined && (this.#runs[0]?.first ?? Infinity) > offset + 1) return undefined;
    const records = await this.#load(offset);
    const last = records.at(-1);
    if (last !== undefined && last.offset - offset === records.length)
      return { updates: records.map(({ update }) => update), offset: last.offset };
    // All there is: nobody needs to read it again to hear that it does not go back so far.
    this.#runs = runsOfRecords(records);
    return undefined;
  }

  /** What a checkpoint is to keep that covers these besides: the newest, as many as fit. */
  async next(covered: readonly Run[], maxBytes: number): Promise<readonly Run[]> {
    this.#runs ??= runsOfRecords(await this.#load(0));
    return newestRuns([...this.#runs, ...covered], maxBytes);
  }

  /** This is what the store keeps now. */
  replaced(runs: readonly Run[]): void {
    this.#runs = runs;
  }
}

/** Updates of these sizes, the first at this offset, as runs. */
export function runsOf(first: number, sizes: Iterable<number>): Run[] {
  const runs: Run[] = [];
  let [offset, start, bytes] = [first, first, 0];
  for (const size of sizes) {
    if (offset > start && bytes + size > runBytes) {
      runs.push({ first: start, bytes });
      [start, bytes] = [offset, 0];
    }
    bytes += size;
    offset++;
  }
  if (offset > start) runs.push({ first: start, bytes });
  return runs;
}

/**
 * How many bytes of log are kept before a checkpoint of so many: as many again, so that storage at most doubles, but
 * neither so few that an hour away is too long, nor so many that reading them holds up the server.
 */
export function keptBytes(checkpointBytes: number, maxBytes: number): number {
  return Math.min(Math.max(checkpointBytes, maxBytes / 4), maxBytes);
}

function runsOfRecords(records: readonly LogRecord[]): Run[] {
  const sizes = records.map(({ update }) => update.length);
  return runsOf(records[0]?.offset ?? 0, sizes);
}

function newestRuns(runs: readonly Run[], maxBytes: number): readonly Run[] {
  let from = runs.length;
  for (let bytes = 0; from > 0; from--) {
    bytes += runs[from - 1]?.bytes ?? 0;
    if (bytes > maxBytes) break;
  }
  return runs.slice(from);
}
