// What several people type into a document they share, each in a place of their own: the load of most scenarios.

import * as prng from 'lib0/prng';
import * as Y from 'yjs';
import { drawClientIds } from './client-ids.js';
import { documentOfSize } from './documents.js';
import { prepared } from './prepared.js';
import type { PreparedUpdate, Script, WriterScript } from './script.js';
import { textName } from './text-name.js';
import { Typist, type Place } from './typist.js';

export interface PeopleOptions {
  readonly writers: number;
  readonly updatesPerWriter: number;
  readonly seed: number;
  /** Size of the document that is there before, encoded. Default 10,000; 0 for none. */
  readonly baseBytes?: number;
  /** Writers get this id and those after it, in place of random ones. */
  readonly firstClientId?: number;
}

/**
 * Nobody deletes what is in another one's place, so that each update brings what it says in whatever order the writers
 * are sent. The same options, the same script.
 */
export function makePeopleScript(options: PeopleOptions): Script {
  const { writers: count, updatesPerWriter, seed, baseBytes = 10_000, firstClientId } = options;
  const random = prng.create(seed);
  const base = documentOfSize(baseBytes, seed);
  const baseText = loaded(base).getText(textName);
  const baseIds = Y.decodeStateVector(Y.encodeStateVector(baseText.doc!)).keys();
  const ids =
    firstClientId === undefined
      ? drawClientIds(random, count, baseIds)
      : Array.from({ length: count }, (_, writer) => firstClientId + writer);
  const writers = ids.map((clientId, writer): WriterScript => {
    const place = placeOf(writer, count, baseText.length);
    return { clientId, updates: typed({ base, clientId, place, random, count: updatesPerWriter }) };
  });
  return { base, writers };
}

/** An equal share of the text for each. */
function placeOf(writer: number, writers: number, length: number): Place {
  const start = Math.floor((writer * length) / writers);
  return { start, length: Math.floor(((writer + 1) * length) / writers) - start };
}

function loaded(base: Uint8Array): Y.Doc {
  const ydoc = new Y.Doc();
  Y.applyUpdate(ydoc, base);
  return ydoc;
}

function typed(options: {
  base: Uint8Array;
  clientId: number;
  place: Place;
  random: prng.PRNG;
  count: number;
}): PreparedUpdate[] {
  const { base, clientId, place, random, count } = options;
  const ydoc = loaded(base);
  ydoc.clientID = clientId;
  const updates: PreparedUpdate[] = [];
  ydoc.on('update', (update: Uint8Array) => updates.push(prepared(update, clientId)));
  const typist = new Typist(ydoc.getText(textName), random, place);
  for (let update = 0; update < count; update++) typist.edit();
  ydoc.destroy();
  return updates;
}
