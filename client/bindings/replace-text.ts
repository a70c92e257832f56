// Makes a Y.Text read as another text, by the smallest change: what stays is not written again, so that carets and what others
// type at the same time keep their place.

import type * as Y from 'yjs';

/** Call it in a transaction. What is no text, such as an embedded image, stays where it is. */
export function replaceText(type: Y.Text, text: string): void {
  const before = type.toJSON();
  if (before === text) return;
  const start = commonStart(before, text);
  const end = commonEnd(before.slice(start), text.slice(start));
  const pieces = piecesOf(type, before, start, before.length - end);
  for (const { index, length } of pieces) type.delete(index, length);
  const inserted = text.slice(start, text.length - end);
  if (inserted !== '') type.insert(pieces.at(-1)!.index, inserted);
}

interface Piece {
  /** In the Y.Text, where each embedded thing counts one. */
  readonly index: number;
  readonly length: number;
}

/**
 * Where the characters from `start` to `end` are: at least one piece. The last one comes first, as deleting it moves no other; the
 * first one, at `start`, comes last.
 */
function piecesOf(type: Y.Text, before: string, start: number, end: number): readonly Piece[] {
  if (type.length === before.length) return [{ index: start, length: end - start }];
  const pieces: Piece[] = [];
  let index = 0;
  let at = 0;
  for (const { insert } of type.toDelta() as readonly { insert: unknown }[]) {
    if (typeof insert !== 'string') {
      index++;
      continue;
    }
    const from = Math.max(start, at);
    const to = Math.min(end, at + insert.length);
    if (from <= to) pieces.unshift({ index: index + from - at, length: to - from });
    index += insert.length;
    at += insert.length;
  }
  return pieces.length > 0 ? pieces : [{ index, length: 0 }];
}

function commonStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  // Not in the middle of a character of two code units: Yjs would make two broken ones of it.
  return isHighSurrogate(a.charCodeAt(length - 1)) ? length - 1 : length;
}

function commonEnd(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a.at(-1 - length) === b.at(-1 - length)) length++;
  return isLowSurrogate(a.charCodeAt(a.length - length)) ? length - 1 : length;
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;
