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
 * By records and bytes, but a checkpoint costs as much as the whole document: so a large one waits until the log has
 * grown by a fair part of it. And by time, so that what is only written, or hardly, gets its checkpoint too.
 */
export function isCheckpointDue(tail: Tail): boolean {
  if (tail.records === 0 || tail.ageMs < restMs) return false;
  const isInTheMiddle = tail.ageMs < minAgeMs && tail.quietMs < restMs && tail.bytes < manyBytes;
  if (isInTheMiddle) return false;
  if (tail.ageMs >= maxAgeMs) return tail.records > 1 || tail.checkpointBytes === 0;
  const cost = tail.bytes + tail.records * recordBytes;
  const isWorthIt = cost * 2 >= tail.checkpointBytes;
  return isWorthIt && (tail.records >= minRecords || tail.bytes >= minBytes);
}
