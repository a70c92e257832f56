// The structs that a document holds under a range of ids.

import * as Y from 'yjs';

/** The structs of a client id in a range of clocks, the first and the last of them perhaps in part. The document has all of it. */
export function* structsIn(doc: Y.Doc, client: number, from: number, to: number): Iterable<Y.Item | Y.GC> {
  const structs = doc.store.clients.get(client) ?? [];
  for (let at = from; at < to;) {
    const struct = structs[Y.findIndexSS(structs, at)]!;
    yield struct;
    at = struct.id.clock + struct.length;
  }
}
