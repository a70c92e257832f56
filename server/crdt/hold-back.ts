// Parts that a Y.Doc reads in one transaction, although they come one by one.
//
// A Y.Doc tidies formatted text after each transaction with remote changes: it deletes marks that, as far as it can see, change
// nothing, and sends these deletions as an edit. After a part of a document it cannot see far enough: two marks with nothing
// between them may be waiting for the text they belong to. So the parts are sent in an order in which each waits for something
// in the last one. A struct is loose if it depends on nothing but what its reader has. The last part has all that is loose, or
// its beginning; the blocks in all others then begin after a gap, or with a struct that depends on something in other parts.
// Yjs keeps such structs aside, and reads all of them in the transaction in which the last part comes: like the whole at once.
// The last part followed by the others is causal order: a client that applies all of them in one transaction begins with it.

import { mergeAccepted, withDeletes } from './merge-updates.js';
import { SeekableUpdate } from './seekable-update.js';
import { splitDeletes, splitUpdate } from './split-update.js';
import { type ClockOf, emptyUpdate } from './state-vector.js';
import { createStoredInspector } from './stored-inspector.js';

const nothing: ClockOf = () => 0;

/** What somebody is to be sent of a document. */
export interface Answer {
  /** In causal order; all that the document has beyond `has` is in them. */
  readonly parts: readonly SeekableUpdate[];
  /** What is deleted, in an update of its own. */
  readonly deletes: Uint8Array | undefined;
  /** What the reader has. */
  readonly has: ClockOf;
}

/**
 * The answer in updates that a Y.Doc reads in one transaction, that of the last one. Each has at most `maxBytes` (and the bytes
 * of one value that cannot be cut). The last can be larger: by the deletions of what the reader has, which take effect as soon
 * as they are read, and by some 30 bytes for each client id that depends on no other.
 */
export function holdBack({ parts, deletes, has }: Answer, maxBytes: number): Uint8Array[] {
  const { updates, loose } = divideAll(parts, has, false, maxBytes);
  const { ofMissing, ofKnown } =
    deletes === undefined ? { ofMissing: [], ofKnown: [] } : splitDeletes(deletes, has, maxBytes);
  for (const update of ofMissing) updates.push(update);
  const last = ofKnown.length === 0 ? loose : withDeletes(loose, mergeAccepted(ofKnown));
  if (last !== emptyUpdate) updates.push(last);
  return updates;
}

/**
 * The whole document in updates as holdBack makes them, for a reader that has nothing. `checkpoint` is a checkpoint as splitUpdate
 * cuts it, `log` the log after it. Most of the updates are the parts themselves. Of the checkpoint only the first parts are looked
 * into, up to one in which something has to wait: what is loose comes before that.
 */
export function holdBackAll(
  checkpoint: readonly SeekableUpdate[],
  log: readonly SeekableUpdate[],
  maxBytes: number,
): Uint8Array[] {
  let looked = 0;
  while (looked < checkpoint.length && checkpoint[looked++]?.divide(nothing, true).bound === undefined);
  const first = divideAll(checkpoint.slice(0, looked), nothing, true, maxBytes);
  const others = checkpoint.slice(looked).map(({ update }) => update);
  const after = divideAll(log, nothing, true, maxBytes);
  const loose = mergeAccepted([first.loose, after.loose]);
  return [...first.updates, ...others, ...after.updates, loose];
}

function divideAll(
  parts: readonly SeekableUpdate[],
  has: ClockOf,
  keepsDeletes: boolean,
  maxBytes: number,
): { readonly updates: Uint8Array[]; readonly loose: Uint8Array } {
  const updates: Uint8Array[] = [];
  const looseParts: Uint8Array[] = [];
  for (const part of parts) {
    const { loose, bound } = part.divide(has, keepsDeletes);
    if (loose !== undefined) looseParts.push(loose);
    if (bound !== undefined) for (const piece of splitUpdate(bound, maxBytes)) updates.push(piece);
  }
  return { updates, loose: mergeAccepted(looseParts) };
}

/**
 * Cuts an update for readers who have all that it depends on: in causal order, or, where text is formatted, so that a Y.Doc
 * reads the parts in one transaction.
 */
export function cutForReaders(update: Uint8Array, maxBytes: number, isFormatted: boolean): Uint8Array[] {
  if (update.length <= maxBytes) return [update];
  if (!isFormatted) return splitUpdate(update, maxBytes);
  const { has, deletes } = surroundings(update);
  const parts = splitUpdate(update, maxBytes).map((part) => new SeekableUpdate(part));
  return holdBack({ parts, deletes, has }, maxBytes);
}

/** The clocks at which the blocks of an update begin: its reader has everything else. And what it deletes. */
function surroundings(update: Uint8Array): { has: ClockOf; deletes: Uint8Array | undefined } {
  const found = createStoredInspector().inspect(update);
  const { blockCount } = found;
  const starts = new Map<number, number>();
  for (let block = 0; block < blockCount; block++) {
    const first = found.blockFirst[block] as number;
    starts.set(found.blockClient[block] as number, found.start[first] as number);
  }
  const deletesAt = blockCount === 0 ? 1 : (found.blockEndAt[blockCount - 1] as number);
  const hasDeletes = found.rangeCount > 0;
  found.close();
  return {
    has: (client) => starts.get(client) ?? Infinity,
    deletes: hasDeletes ? onlyDeletes(update, deletesAt) : undefined,
  };
}

function onlyDeletes(update: Uint8Array, at: number): Uint8Array {
  const deletes = new Uint8Array(1 + update.length - at);
  deletes.set(update.subarray(at), 1);
  return deletes;
}
