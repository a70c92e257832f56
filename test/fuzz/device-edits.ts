// Edits that can be told apart: each puts a token of its own into a list and a text, or takes something out of another
// list for good. Says what of them is in a document, and how often.

import * as Y from 'yjs';
import type { SeededRandom } from '../support/seeded-random.js';

/** Every token is so long, so that none is put into the middle of another. */
const tokenLength = 6;

export interface Edit {
  readonly token: string;
  /** The token is taken out of the scratch list. */
  readonly isDeletion: boolean;
}

export interface Content {
  readonly list: readonly string[];
  /** The tokens of the text. */
  readonly written: readonly string[];
  readonly scratch: readonly string[];
}

let made = 0;

/** Thrown by listeners of the application now and then. The edit is made all the same. */
export const applicationFault = new Error('of the application');

/** Makes one edit, in one transaction. `isFlawed`: with something in it that no server takes, and that is no part of the edit. */
export function makeEdit(doc: Y.Doc, random: SeededRandom, isFlawed = false): Edit {
  let edit: Edit | undefined;
  despiteFaults(() =>
    doc.transact(() => {
      if (isFlawed) addFlaw(doc, random);
      edit = makeOne(doc, random);
    }),
  );
  return edit!;
}

function makeOne(doc: Y.Doc, random: SeededRandom): Edit {
  const [list, text, scratch] = [doc.getArray<string>('list'), doc.getText('text'), doc.getArray('scratch')];
  if (scratch.length > 0 && random.chance(0.25)) {
    const at = random.int(scratch.length);
    const token = scratch.get(at) as string;
    scratch.delete(at);
    return { token, isDeletion: true };
  }
  const token = (++made).toString(36).padStart(tokenLength, '.').slice(-tokenLength);
  list.insert(random.int(list.length + 1), [token]);
  text.insert(random.int(text.length / tokenLength + 1) * tokenLength, token);
  if (random.chance(0.5)) scratch.insert(random.int(scratch.length + 1), [token]);
  return { token, isDeletion: false };
}

function despiteFaults(change: () => void): void {
  try {
    change();
  } catch (error) {
    if (error !== applicationFault) throw error;
  }
}

function addFlaw(doc: Y.Doc, random: SeededRandom): void {
  const key = 'k'.repeat(1_100);
  if (random.chance(0.5)) doc.getMap('flaws').set(key, random.int(10));
  else doc.getText('flaws in text').insert(0, 'flaw', { [key]: true });
}

/** What no server takes is in a document as long as nobody takes it out. */
export function hasFlaws(doc: Y.Doc): boolean {
  const formats = doc.getText('flaws in text').toDelta() as { attributes?: object }[];
  return doc.getMap('flaws').size > 0 || formats.some(({ attributes }) => attributes !== undefined);
}

export function contentOf(doc: Y.Doc): Content {
  const text = doc.getText('text').toJSON();
  return {
    list: doc.getArray<string>('list').toArray(),
    written: Array.from({ length: text.length / tokenLength }, (_, i) =>
      text.slice(i * tokenLength, (i + 1) * tokenLength),
    ),
    scratch: doc.getArray<string>('scratch').toArray(),
  };
}

/** What is wrong with a document: edits that are not in it, and tokens that are there more than once. */
export function faultsOf(doc: Y.Doc, edits: Iterable<Edit>): string[] {
  const { list, written, scratch } = contentOf(doc);
  const faults: string[] = [];
  const sets = [new Set(list), new Set(written), new Set(scratch)] as const;
  if (sets[0].size < list.length || sets[1].size < written.length || sets[2].size < scratch.length)
    faults.push('something is there twice');
  for (const { token, isDeletion } of edits) {
    if (isDeletion ? sets[2].has(token) : !(sets[0].has(token) && sets[1].has(token)))
      faults.push(`${isDeletion ? 'still there' : 'missing'}: ${token}`);
  }
  return faults;
}
