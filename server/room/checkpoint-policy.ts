// When a document's log is worth a new checkpoint. Pure.

/** What has gathered since the last checkpoint. */
export interface Tail {
  readonly records: number;
  readonly bytes: number;
  readonly checkpointBytes: number;
  /** Since the first of the records. */
  readonly ageMs: number;
  /** Since the last of them. */
  readonly quietMs: number;
}

const minRecords = 500;
const minBytes = 256 * 1024;
/** What a record costs beside its bytes, when a document is loaded. */
const recordBytes = 64;
const maxAgeMs = 5 * 60_000;
/**
 * A document that is being written is left alone for this long: reading and writing all of it anew costs as much as
 * taking tens of thousands of updates.
 */
const minAgeMs = 30_000;
/** Unless it has come to rest, or so much has come that it would weigh on memory, and on those who join. */
const restMs = 5_000;
const manyBytes = 1024 * 1024;

/**
 * In how many ms the document is due for a checkpoint if nothing more is written; 0 where it is now, Infinity where it will not
 * be. By records and bytes, but a checkpoint costs as much as the whole document: so a large one waits until the log has grown
 * by a fair part of it. And by time, so that what is only written, or hardly, gets its checkpoint too.
 */
export function checkpointDueInMs(tail: Tail): number {
  const { records, bytes, checkpointBytes, ageMs, quietMs } = tail;
  if (records === 0) return Infinity;
  const cost = bytes + records * recordBytes;
  const isWorthIt = cost * 2 >= checkpointBytes && (records >= minRecords || bytes >= minBytes);
  const untilQuiet = bytes >= manyBytes ? 0 : Math.min(minAgeMs - ageMs, restMs - quietMs);
  const whenWorthIt = isWorthIt ? Math.max(restMs - ageMs, untilQuiet) : Infinity;
  const whenOld = records > 1 || checkpointBytes === 0 ? maxAgeMs - ageMs : Infinity;
  return Math.max(0, Math.min(whenWorthIt, whenOld));
}
