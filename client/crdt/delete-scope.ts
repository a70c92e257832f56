// What of the deletions of an update a commenter may bring to the server: those under the comment roots.

import * as Y from 'yjs';
import { overlap, type Ranges } from './content-ids.js';

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
  { store }: Y.Doc,
  deletes: Ranges,
  roots: ReadonlySet<string>,
  givenUp: Ranges,
): DeleteScope {
  const [inside, elsewhere, forgotten] = [Y.createDeleteSet(), Y.createDeleteSet(), Y.createDeleteSet()];
  for (const [client, ranges] of deletes.clients)
    for (const { clock, len } of ranges)
      for (let at = clock; at < clock + len;) {
        const struct: Y.Item | Y.GC = Y.getItem(store, Y.createID(client, at));
        const until = Math.min(clock + len, struct.id.clock + struct.length);
        const range: (typeof ranges)[number] = { clock: at, len: until - at };
        const isInside =
          overlap(givenUp, client, range) || (struct instanceof Y.Item && roots.has(rootOf(struct)));
        const { clients } = isInside ? inside : struct instanceof Y.Item ? elsewhere : forgotten;
        clients.set(client, [...(clients.get(client) ?? []), range]);
        at = until;
      }
  return { inside, elsewhere, forgotten };
}
