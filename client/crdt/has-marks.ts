// Whether an update formats text.

import * as Y from 'yjs';

/** The update holds marks: content that says where a format of text begins or ends. Throws what is no update. */
export function hasMarks(update: Uint8Array): boolean {
  return Y.decodeUpdate(update).structs.some(
    (struct) => struct instanceof Y.Item && struct.content instanceof Y.ContentFormat,
  );
}
