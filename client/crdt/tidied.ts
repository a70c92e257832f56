// Whether what a document deletes and another one does not may be what Yjs has tidied, and so nobody's edit.

import * as Y from 'yjs';
import { contentIdsOf, joinedIds, rangesWithout } from './content-ids.js';
import { structsIn } from './structs-in.js';

/**
 * Whether an update of the document holds nothing but deletions of marks: those that are known to be tidied, and with
 * `mayGuess` also others that may have been marks. Yjs forgets what it deletes: of what was deleted before it came here in a
 * text that has marks, nobody can tell a mark from a letter.
 */
export function isTidied(
  doc: Y.Doc,
  update: Uint8Array,
  known: readonly Uint8Array[],
  mayGuess: boolean,
): boolean {
  const { structs, deletes } = contentIdsOf(update);
  if (structs.clients.size > 0) return false;
  const unknown = rangesWithout(deletes, joinedIds(known.map(contentIdsOf)).deletes);
  if (unknown.clients.size === 0) return true;
  if (!mayGuess) return false;
  const isFormatted = formattedTypes();
  for (const [client, ranges] of unknown.clients)
    for (const { clock, len } of ranges)
      for (const struct of structsIn(doc, client, clock, clock + len))
        if (!mayBeMark(struct, isFormatted)) return false;
  return true;
}

type Type = Exclude<Y.Item['parent'], Y.ID | string | null>;

/** Says of a type whether there are marks in it. */
function formattedTypes(): (type: Type) => boolean {
  const known = new Map<Type, boolean>();
  return (type) => {
    const isFormatted = known.get(type) ?? hasMarks(type);
    known.set(type, isFormatted);
    return isFormatted;
  };
}

function hasMarks({ _start }: Type): boolean {
  for (let item = _start; item !== null; item = item.right)
    if (item.content instanceof Y.ContentFormat) return true;
  return false;
}

/** Of deleted content. Marks are between the letters of a text. */
function mayBeMark(struct: Y.Item | Y.GC, isFormatted: (type: Type) => boolean): boolean {
  if (!(struct instanceof Y.Item) || struct.parentSub !== null || struct.countable) return false;
  const { parent } = struct;
  return parent instanceof Y.AbstractType && isFormatted(parent);
}
