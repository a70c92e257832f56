// Scripts for the load kernel's tests, made with Yjs.

import * as Y from 'yjs';
import { prepared } from '../../../bench/input/prepared.js';
import type { PreparedUpdate, Script, WriterScript } from '../../../bench/input/script.js';

/** One writer's script out of edits, each of which makes one update. Begins with `base`. */
export function writerScript(
  clientId: number,
  base: Uint8Array,
  edits: readonly ((text: Y.Text) => void)[],
): WriterScript {
  const ydoc = new Y.Doc();
  Y.applyUpdate(ydoc, base);
  ydoc.clientID = clientId;
  const updates: PreparedUpdate[] = [];
  ydoc.on('update', (update: Uint8Array) => updates.push(prepared(update, clientId)));
  for (const edit of edits) edit(ydoc.getText('text'));
  return { clientId, updates };
}

/** A document of one author, 900, that says `text`. */
export function baseOf(text: string): Uint8Array {
  const ydoc = new Y.Doc();
  ydoc.clientID = 900;
  ydoc.getText('text').insert(0, text);
  return Y.encodeStateAsUpdate(ydoc);
}

export const insert =
  (at: number, text: string) =>
  (ytext: Y.Text): void =>
    ytext.insert(at, text);

export const erase =
  (at: number, length: number) =>
  (ytext: Y.Text): void =>
    ytext.delete(at, length);

/** Two writers who insert and delete in their own halves of a base, and both delete its middle. */
export function twoAuthors(): Script {
  const base = baseOf('0123456789');
  return {
    base,
    writers: [
      writerScript(100, base, [insert(0, 'ab'), erase(0, 1), erase(4, 2), insert(1, 'cd'), erase(0, 2)]),
      writerScript(200, base, [insert(10, 'xy'), erase(4, 3), insert(9, 'z'), erase(7, 1)]),
    ],
  };
}
