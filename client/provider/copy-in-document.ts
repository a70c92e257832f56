// A Y.Doc gets what its copy on this device holds: at first, when the copy could be read only later, and after the page was put
// away.

import * as Y from 'yjs';
import { applyGuarded } from '../crdt/apply-parts.js';
import type { LoadedCopy } from '../offline/loaded-copy.js';
import type { OfflineCopy } from '../offline/offline-copy.js';

export interface CopyInDocument {
  readonly doc: Y.Doc;
  /** The document was let go of: nothing more is put into it. */
  readonly isOver: () => boolean;
  /** The copy could not be read at first. What it holds has come into the document now. */
  readonly loadedLate: (loaded: LoadedCopy) => void;
  /** The page is back, and what other tabs have stored meanwhile is in the document. */
  readonly returned: (hasOthersPending: boolean) => void;
}

/** Resolves with what was found and is in the document now. Rejects where it could not be read, or not be put there. */
export async function loadInto(copy: OfflineCopy, into: CopyInDocument): Promise<LoadedCopy> {
  const { doc, isOver } = into;
  const put = (update: Uint8Array | undefined): void => {
    if (update !== undefined && !isOver()) applyGuarded(doc, () => Y.applyUpdate(doc, update, copy), copy);
  };
  copy.on('loaded', (late) => {
    put(late.update);
    if (!isOver()) into.loadedLate(late);
  });
  copy.on('returned', ({ update, hasOthersPending }) => {
    put(update);
    if (!isOver()) into.returned(hasOthersPending);
  });
  const loaded = await copy.load();
  put(loaded.update);
  return loaded;
}
