// The embedder's copy of a document, on the server's thread. Only for bytes that a worker thread has vouched for.

import * as Y from 'yjs';
import type { Edited } from '../room/document-worker.js';
import { buildDocument } from './build-document.js';

export function copyOf(update: Uint8Array, gc: boolean): Y.Doc {
  return buildDocument([update], gc);
}

/** Calls `use` with a copy, and tells what `use` changed. Rejects with what `use` throws. */
export async function editCopy<T>(
  update: Uint8Array,
  gc: boolean,
  use: (ydoc: Y.Doc) => T | Promise<T>,
): Promise<Edited<T>> {
  const ydoc = copyOf(update, gc);
  const changes: Uint8Array[] = [];
  ydoc.on('update', (change: Uint8Array) => changes.push(change));
  try {
    const result = await use(ydoc);
    return { result, update: changes.length === 0 ? undefined : Y.mergeUpdates(changes) };
  } finally {
    ydoc.destroy();
  }
}
