// What a Y.Doc makes of updates: what it shows, what it holds, and what it sends of its own accord.

import * as Y from 'yjs';
import { allRoots } from './formatted-histories.js';

/** Everything there is to compare of two readers. */
export interface Reading {
  readonly content: unknown;
  /** Next clock by client id. */
  readonly clocks: readonly (readonly [number, number])[];
  /**
   * Deleted ranges (clock, length) by client id; undefined for who has tidied: of two marks of which one is too many Yjs deletes
   * the one or the other, depending on the order in which it heard of deletions in one and the same transaction.
   */
  readonly deleted: readonly (readonly [number, readonly (readonly [number, number])[]])[] | undefined;
  /** Whether it has made edits that nobody made: Yjs tidies formatting, and sends the marks that it has deleted. */
  readonly hasTidied: boolean;
}

/** How a reader comes to the updates. */
export interface ReaderOptions {
  /** Whether it took its root types before: Yjs knows nothing of their kind until then. */
  readonly knowsTypes: boolean;
  /** What it has already, as one update. */
  readonly has?: Uint8Array;
}

const fromServer = 'server';

/** A document that reads each update in a transaction of its own, as stock clients do. Throws if something stays pending. */
export function readAll(updates: readonly Uint8Array[], { knowsTypes, has }: ReaderOptions): Reading {
  const doc = new Y.Doc();
  if (knowsTypes) allRoots(doc);
  if (has !== undefined) Y.applyUpdate(doc, has, fromServer);
  let hasTidied = false;
  doc.on('update', (_update: Uint8Array, origin: unknown) => {
    if (origin !== fromServer) hasTidied = true;
  });
  for (const update of updates) Y.applyUpdate(doc, update, fromServer);
  if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null) throw new Error('pending');
  const state = stateOf(doc);
  return { ...state, deleted: hasTidied ? undefined : state.deleted, hasTidied };
}

function stateOf(doc: Y.Doc): Omit<Reading, 'hasTidied'> {
  const text = doc.getText('text');
  const xml = doc.getXmlFragment('xml');
  const { clients } = Y.createDeleteSetFromStructStore(doc.store);
  return {
    content: {
      text: text.toDelta(),
      xml: xml.toString(),
      map: doc.getMap('map').toJSON(),
      list: doc.getArray('list').toJSON(),
    },
    clocks: [...Y.decodeStateVector(Y.encodeStateVector(doc))].sort(([a], [b]) => a - b),
    deleted: [...clients]
      .sort(([a], [b]) => a - b)
      .map(([client, ranges]) => [client, ranges.map(({ clock, len }) => [clock, len] as const)] as const),
  };
}
