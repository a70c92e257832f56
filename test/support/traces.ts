// Public editing traces (the format of josephg/editing-traces) as Yjs updates made up front, per author.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import * as Y from 'yjs';

/** One transaction of one author. */
export interface Edit {
  readonly author: number;
  readonly update: Uint8Array;
  /** How many edits of each author it builds on, by author; absent means none. */
  readonly after: readonly (number | undefined)[];
}

/** What some people typed, and what must come of it. */
export interface EditingHistory {
  readonly name: string;
  /** Each author's edits, in the author's order. */
  readonly authors: readonly (readonly Edit[])[];
  readonly endContent: string;
  /** False when Yjs orders concurrent inserts otherwise than the source: endContent is the merge by Yjs then. */
  readonly isSourceContent: boolean;
}

/** The root the text is in. */
export const textName = 'text';

type Patch = readonly [position: number, deleted: number, inserted: string];

interface Trace {
  readonly kind?: 'concurrent';
  readonly startContent?: string;
  readonly endContent: string;
  readonly txns: readonly {
    readonly parents?: readonly number[];
    readonly agent?: number;
    readonly patches: readonly Patch[];
  }[];
}

/** The traces at hand: in the folder HEDDLE_TRACES names, or in shared/traces beside the repository. Often none. */
export function traceFiles(): string[] {
  const folder =
    process.env['HEDDLE_TRACES'] ?? fileURLToPath(new URL('../../../shared/traces', import.meta.url));
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /\.json(\.gz)?$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** Reads a trace and makes its updates. */
export function loadTrace(file: string): EditingHistory {
  const bytes = readFileSync(file);
  const trace = JSON.parse((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()) as Trace;
  const name = basename(file).replace(/\.json(\.gz)?$/, '');
  // Which of two concurrent inserts at one place comes first is up to the client ids: both orders are tried.
  for (const direction of [1, -1]) {
    const authors = makeEdits(trace, direction);
    if (merge(authors) === trace.endContent)
      return { name, authors, endContent: trace.endContent, isSourceContent: true };
  }
  const authors = makeEdits(trace, 1);
  return { name, authors, endContent: merge(authors), isSourceContent: false };
}

/** All edits of all authors in an order in which each finds what it builds on. */
export function inCausalOrder(authors: EditingHistory['authors']): Edit[] {
  const done = authors.map(() => 0);
  const order: Edit[] = [];
  for (let moved = true; moved;) {
    moved = false;
    for (const [author, edits] of authors.entries()) {
      for (let edit = edits[done[author]!]; edit !== undefined; edit = edits[done[author]!]) {
        if (edit.after.some((count, other) => (count ?? 0) > done[other]!)) break;
        order.push(edit);
        done[author]!++;
        moved = true;
      }
    }
  }
  return order;
}

/** What Yjs makes of all edits. */
export function merge(authors: EditingHistory['authors']): string {
  const ydoc = new Y.Doc();
  ydoc.transact(() => {
    for (const { update } of inCausalOrder(authors)) Y.applyUpdate(ydoc, update);
  });
  return ydoc.getText(textName).toString();
}

/** Somebody's replica while the edits are made. */
class Replica {
  readonly person: number;
  readonly edits: Edit[] = [];
  readonly #index: number;
  readonly #ydoc = new Y.Doc();
  readonly #has: number[] = [];
  #made: Uint8Array | undefined;

  constructor(person: number, index: number, clientId: number) {
    this.person = person;
    this.#index = index;
    this.#ydoc.clientID = clientId;
    this.#ydoc.on('update', (update: Uint8Array, _origin, _doc, transaction: Y.Transaction) => {
      if (transaction.local) this.#made = update;
    });
  }

  /** Brings the replica to exactly what the edit builds on: positions are in that version. */
  integrate(after: Edit['after'], replicas: readonly Replica[]): void {
    const missing = replicas.map(({ edits }, other) =>
      other === this.#index ? [] : edits.slice(this.#has[other] ?? 0, after[other] ?? 0),
    );
    for (const [other, count] of after.entries()) this.#has[other] = count ?? 0;
    this.#ydoc.transact(() => {
      for (const { update } of missing.flat()) Y.applyUpdate(this.#ydoc, update);
    }, 'remote');
  }

  edit(patches: readonly Patch[], after: Edit['after'], isAstral: boolean): void {
    const ytext = this.#ydoc.getText(textName);
    this.#made = undefined;
    this.#ydoc.transact(() => {
      for (const [position, deleted, inserted] of patches) {
        const [start, length] = isAstral ? inUnits(ytext.toString(), position, deleted) : [position, deleted];
        if (length > 0) ytext.delete(start, length);
        if (inserted !== '') ytext.insert(start, inserted);
      }
    });
    const update = this.#made ?? Y.encodeStateAsUpdate(new Y.Doc());
    this.edits.push({ author: this.#index, update, after });
  }
}

/** A sequential trace has one author; in a concurrent one a transaction applies to the merge of its parents. */
function makeEdits(trace: Trace, direction: number): Edit[][] {
  const replicas: Replica[] = [];
  /** Per transaction: what is in its history, itself included. */
  const histories: number[][] = [];
  const isAstral = [trace.endContent, ...trace.txns.flatMap(({ patches }) => patches.map((each) => each[2]))] //
    .some((text) => /[\u{10000}-\u{10ffff}]/u.test(text));
  const find = (person: number, after: readonly number[]): number => {
    // Who went on from a version without their own last edit counts as somebody else.
    const known = replicas.findIndex(
      (replica, index) => replica.person === person && replica.edits.length === (after[index] ?? 0),
    );
    if (known !== -1) return known;
    const clientId = 1_000_000 + direction * (person * 1_000 + replicas.length);
    return replicas.push(new Replica(person, replicas.length, clientId)) - 1;
  };
  const add = (person: number, after: number[], patches: readonly Patch[]): number[] => {
    const author = find(person, after);
    const replica = replicas[author]!;
    replica.integrate(after, replicas);
    replica.edit(patches, after, isAstral);
    const history = [...after];
    history[author] = replica.edits.length;
    return history;
  };
  let previous: number[] = [];
  if ((trace.startContent ?? '') !== '') previous = add(0, previous, [[0, 0, trace.startContent!]]);
  for (const { parents, agent: person = 0, patches } of trace.txns) {
    const after =
      trace.kind === 'concurrent' ? joined(parents!.map((parent) => histories[parent]!)) : previous;
    previous = add(person, after, patches);
    histories.push(previous);
  }
  return replicas.map(({ edits }) => edits);
}

function joined(histories: readonly (readonly number[])[]): number[] {
  const all: number[] = [];
  for (const history of histories)
    for (const [author, count = 0] of history.entries()) all[author] = Math.max(all[author] ?? 0, count);
  return all;
}

/** Traces count code points, Yjs counts UTF-16 units. */
function inUnits(text: string, position: number, deleted: number): [start: number, length: number] {
  const points = [...text];
  const start = points.slice(0, position).join('').length;
  return [start, points.slice(position, position + deleted).join('').length];
}
