// Public editing traces (the format of josephg/editing-traces) as Yjs updates made up front, per author.

import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as Y from 'yjs';
import { textName } from '../../bench/input/text-name.js';
import { readTrace, traceScript, type TraceScript } from '../../bench/input/trace.js';

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

export { textName };

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
  const trace = readTrace(file);
  const authors = editsOf(traceScript(trace));
  const endContent = merge(authors);
  const name = basename(file).replace(/\.json(\.gz)?$/, '');
  return { name, authors, endContent, isSourceContent: endContent === trace.endContent };
}

function editsOf({ agents, updates }: TraceScript): Edit[][] {
  const authors = Array.from({ length: agents }, (): Edit[] => []);
  const places: number[] = [];
  const all: Edit[] = [];
  for (const { update, agent, dependsOn } of updates) {
    const after: number[] = [];
    for (const index of dependsOn) {
      const edit = all[index]!;
      for (const [author, count = 0] of edit.after.entries())
        after[author] = Math.max(after[author] ?? 0, count);
      after[edit.author] = Math.max(after[edit.author] ?? 0, places[index]! + 1);
    }
    const edit = { author: agent, update, after };
    all.push(edit);
    places.push(authors[agent]!.push(edit) - 1);
  }
  return authors;
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
