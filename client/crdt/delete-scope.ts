// What of the deletions of an update a commenter may bring to the server: those under the comment roots.

import * as Y from 'yjs';
import { addRange, overlap, type Range, type Ranges } from './content-ids.js';
import { structsIn } from './structs-in.js';

/** The deletions of an update, by where they are. */
export interface DeleteScope {
  readonly inside: Ranges;
  readonly elsewhere: Ranges;
  /** Of what stood in something that is deleted: Yjs has forgotten where. The server may know. */
  readonly forgotten: Ranges;
}

/** The name of the root type that an item of a document is under. */
export function rootOf(item: Y.Item): string {
  let type = item.parent;
  while (type instanceof Y.AbstractType && type._item !== null) type = type._item.parent;
  return type instanceof Y.AbstractType ? Y.findRootTypeKey(type) : '';
}

/** `givenUp`: what is sent as deleted content, wherever it is. The document has all that is deleted. */
export function scopeOfDeletes(
  doc: Y.Doc,
  deletes: Ranges,
  roots: ReadonlySet<string>,
  givenUp: Ranges,
): DeleteScope {
  const [inside, elsewhere, forgotten] = [Y.createDeleteSet(), Y.createDeleteSet(), Y.createDeleteSet()];
  for (const [client, ranges] of deletes.clients)
    for (const { clock, len } of ranges)
      for (const struct of structsIn(doc, client, clock, clock + len)) {
        const at = Math.max(clock, struct.id.clock);
        const until = Math.min(clock + len, struct.id.clock + struct.length);
        const range: Range = { clock: at, len: until - at };
        const isInside =
          overlap(givenUp, client, range) || (struct instanceof Y.Item && roots.has(rootOf(struct)));
        addRange(isInside ? inside : struct instanceof Y.Item ? elsewhere : forgotten, client, range);
      }
  return {
    inside: Y.mergeDeleteSets([inside]),
    elsewhere: Y.mergeDeleteSets([elsewhere]),
    forgotten: Y.mergeDeleteSets([forgotten]),
  };
}
