// Random editing histories over every shared type Yjs has, reproducible from a seed.

import * as Y from 'yjs';
import { boundaryClientIds, wideClientId } from './client-ids.js';
import { randomEdits } from './random-edits.js';
import { SeededRandom } from './seeded-random.js';

/** Mulberry32: the seeds that tests name were found with it. */
export class Random extends SeededRandom {
  #mixed: number;

  constructor(seed: number) {
    super(seed);
    this.#mixed = seed | 0;
  }

  override uint32(): number {
    this.#mixed = (this.#mixed + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#mixed ^ (this.#mixed >>> 15), 1 | this.#mixed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }
}

/** What a history leaves behind. */
export interface History {
  /** Every local change, in the order they were made: causal order. */
  readonly updates: readonly Uint8Array[];
  /** Whole states, diffs and merges taken along the way: they overlap each other and `updates`. */
  readonly overlaps: readonly Uint8Array[];
  /** The replicas as they stood, not all in sync. */
  readonly replicas: readonly Y.Doc[];
  /** A document that has it all. */
  readonly reference: Y.Doc;
}

export const rootNames = { text: 'text', rich: 'rich', list: 'list', map: 'map', xml: 'xml' } as const;

/**
 * Random edits by several replicas that sync with each other now and then, never fully. Odd seeds format text: a Y.Doc
 * tidies formatting after remote changes by deleting marks of its own accord, so that marks and what is deleted
 * depend on which changes it read together (true of Yjs alone, see `isExact` in contentOf). Of every four seeds two have
 * client ids of 53 bits among those of 32.
 */
export function makeHistory(
  seed: number,
  { clients = 4, steps = 120, gc = true, isWide = (seed & 2) !== 0 } = {},
): History {
  const random = new Random(seed);
  const formats = seed % 2 === 1;
  const updates: Uint8Array[] = [];
  const overlaps: Uint8Array[] = [];
  const used = new Set<number>();
  const replicas = Array.from({ length: clients }, () => {
    const replica = new Y.Doc({ gc });
    replica.clientID = newClientId(random, used, isWide);
    replica.on(
      'update',
      (update: Uint8Array, _origin: unknown, _doc: unknown, transaction: Y.Transaction) => {
        if (transaction.local) updates.push(update);
      },
    );
    return replica;
  });
  const undos = replicas.map(
    (replica) => new Y.UndoManager(Object.values(rootsOf(replica)), { captureTimeout: 0 }),
  );
  for (let step = 0; step < steps; step++) {
    const who = random.int(clients);
    const replica = replicas[who] as Y.Doc;
    if (random.chance(0.15)) syncOneWay(random.pick(replicas), replica, random, overlaps);
    else if (random.chance(0.04)) undos[who]?.undo();
    else if (random.chance(0.03)) undos[who]?.redo();
    else randomEdits(replica, Object.values(rootsOf(replica)), random, { formats });
    if (random.chance(0.05)) overlaps.push(Y.encodeStateAsUpdate(replica));
    if (random.chance(0.05))
      overlaps.push(Y.mergeUpdates(updates.slice(random.int(updates.length + 1)).slice(0, 9)));
    // A reload: the same replica goes on under a new client id.
    if (random.chance(0.01)) replica.clientID = newClientId(random, used, isWide);
  }
  const reference = new Y.Doc({ gc });
  rootsOf(reference);
  for (const update of updates) Y.applyUpdate(reference, update);
  return { updates, overlaps, replicas, reference };
}

/** Small ids, ids of all 32 bits and, in wide histories, ids of all 53 bits and those at the boundaries; no id twice. */
function newClientId(random: Random, used: Set<number>, isWide: boolean): number {
  for (;;) {
    const id = random.chance(0.5) ? random.int(1000) + 1 : largeId(random.uint32(), isWide);
    if (used.has(id)) continue;
    used.add(id);
    return id;
  }
}

function largeId(bits: number, isWide: boolean): number {
  if (!isWide) return bits;
  return bits % 5 === 0 ? (boundaryClientIds[(bits >>> 3) % 4] as number) : wideClientId(bits);
}

/** The document's roots, defined with their types, so that toJSON() knows them. */
export function rootsOf(doc: Y.Doc): Record<keyof typeof rootNames, Y.AbstractType<unknown>> {
  return {
    text: doc.getText(rootNames.text),
    rich: doc.getText(rootNames.rich),
    list: doc.getArray(rootNames.list),
    map: doc.getMap(rootNames.map),
    xml: doc.getXmlFragment(rootNames.xml),
  } as never;
}

/** Everything there is to compare of two documents. Not exact: without formatting, and without what is deleted. */
export function contentOf(doc: Y.Doc, isExact = true): Record<string, unknown> {
  rootsOf(doc);
  const rich = doc.getText(rootNames.rich).toDelta() as { insert: unknown }[];
  return {
    text: doc.getText(rootNames.text).toJSON(),
    rich: isExact ? plain(rich) : rich.map(({ insert }) => JSON.stringify(insert).slice(1, -1)).join(''),
    list: plain(doc.getArray(rootNames.list).toJSON()),
    map: plain(doc.getMap(rootNames.map).toJSON()),
    xml: isExact ? doc.getXmlFragment(rootNames.xml).toJSON() : doc.getXmlFragment(rootNames.xml).length,
    stateVector: [...Y.decodeStateVector(Y.encodeStateVector(doc))].sort(([a], [b]) => a - b),
    deleted: isExact && [...Y.createDeleteSetFromStructStore(doc.store).clients].sort(([a], [b]) => a - b),
  };
}

/** Values with subdocuments replaced by what is stored of them. */
function plain(value: unknown): unknown {
  if (value instanceof Y.Doc) return { guid: value.guid, meta: value.meta, autoLoad: value.autoLoad };
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/** A new document from a log; throws unless nothing of it is left pending. */
export function loaded(updates: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc();
  rootsOf(doc);
  for (const update of updates) Y.applyUpdate(doc, update);
  if (doc.store.pendingStructs !== null) throw new Error('pending structs');
  if (doc.store.pendingDs !== null) throw new Error('pending deletes');
  return doc;
}

function syncOneWay(from: Y.Doc, to: Y.Doc, random: Random, overlaps: Uint8Array[]): void {
  if (from === to) return;
  const update = Y.encodeStateAsUpdate(from, Y.encodeStateVector(to));
  Y.applyUpdate(to, update, 'remote');
  if (random.chance(0.3)) overlaps.push(update);
}
