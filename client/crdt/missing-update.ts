// What a document has and another one lacks, as one update and no more than that. State vectors do not speak of deletions, so
// what Yjs makes for one always carries all of them; here those the other has are left out.

import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import { rangesWithout } from './content-ids.js';

type DeleteSet = ReturnType<typeof Y.createDeleteSet>;

/** What updates delete, together. */
export function deletesOf(updates: readonly Uint8Array[]): DeleteSet {
  return Y.mergeDeleteSets(updates.map((update) => Y.decodeUpdate(update).ds));
}

/** Undefined when the other, which has this state vector and these deletions, lacks nothing. */
export function missingUpdate(
  doc: Y.Doc,
  stateVector: Uint8Array,
  deletes: DeleteSet,
): Uint8Array | undefined {
  return withoutDeletes(Y.encodeStateAsUpdate(doc, stateVector), deletes);
}

/** An update without the deletions that the other has; undefined when nothing is left of it. */
export function withoutDeletes(whole: Uint8Array, deletes: DeleteSet): Uint8Array | undefined {
  const { structs, ds } = Y.decodeUpdate(whole);
  const lacking = rangesWithout(ds, deletes);
  if (structs.length === 0 && lacking.clients.size === 0) return undefined;
  // The deletions are the end of an update, and there is one way only to write them.
  const structBytes = whole.subarray(0, whole.length - encodeDeletes(ds).length);
  const encoder = encoding.createEncoder();
  encoding.writeUint8Array(encoder, structBytes);
  encoding.writeUint8Array(encoder, encodeDeletes(lacking));
  return encoding.toUint8Array(encoder);
}

/** All that is deleted in a document, as an update with nothing else: the same bytes for the same deletions. */
export function deletesUpdate(doc: Y.Doc): Uint8Array {
  const deletes = encodeDeletes(Y.createDeleteSetFromStructStore(doc.store));
  const update = new Uint8Array(deletes.length + 1);
  update.set(deletes, 1);
  return update;
}

/** As Yjs writes it in the V1 encoding. */
export function encodeDeletes({ clients }: DeleteSet): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, clients.size);
  for (const [client, ranges] of [...clients].sort(([a], [b]) => b - a)) {
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, ranges.length);
    for (const { clock, len } of ranges) {
      encoding.writeVarUint(encoder, clock);
      encoding.writeVarUint(encoder, len);
    }
  }
  return encoding.toUint8Array(encoder);
}
