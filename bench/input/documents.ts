// Documents that are there before anybody types: a large one as people leave it, one of any size, one of many people.

import * as encoding from 'lib0/encoding';
import * as prng from 'lib0/prng';
import * as Y from 'yjs';
import { emptyUpdate } from '../../server/crdt/state-vector.js';
import { drawClientIds } from './client-ids.js';
import { sentence, word } from './prose.js';
import { textName } from './text-name.js';
import { readTrace, traceScript } from './trace.js';
import { Typist } from './typist.js';

const largeBytes = 290_000;
const authors = 5;
/** Edits somebody makes in one sitting. */
const sittingEdits = 500;
/** How far back from its end a growing document is worked on: anywhere would take Yjs long in a document of megabytes. */
const recentUnits = 20_000;

/**
 * The document of the trace, or one of about 290 KB that five authors typed letter by letter, with what they deleted.
 * Throws TraceError.
 */
export function largeDocument({ seed, trace }: { readonly seed: number; readonly trace?: string }): {
  readonly update: Uint8Array;
} {
  if (trace !== undefined) return { update: traceScript(readTrace(trace)).document };
  const random = prng.create(seed);
  const ydoc = new Y.Doc();
  const ids = drawClientIds(random, authors);
  const typist = new Typist(ydoc.getText(textName), random, { start: 0, length: 0 });
  let edits = 0;
  const update = grown(ydoc, largeBytes, () => {
    if (edits++ % sittingEdits === 0) {
      ydoc.clientID = prng.oneOf(random, ids);
      typist.jump();
    }
    typist.edit();
  });
  return { update };
}

/** A text of so many bytes, encoded, within a tenth from 10,000 bytes on: sentences put in, some taken out. */
export function documentOfSize(bytes: number, seed: number): Uint8Array {
  if (bytes === 0) return emptyUpdate;
  const random = prng.create(seed);
  const ydoc = new Y.Doc();
  const ids = drawClientIds(random, authors);
  ydoc.clientID = ids[0]!;
  const text = ydoc.getText(textName);
  return grown(ydoc, bytes, () => {
    if (prng.real53(random) < 0.02) ydoc.clientID = prng.oneOf(random, ids);
    const at = prng.int31(random, Math.max(0, text.length - recentUnits), text.length);
    if (prng.real53(random) < 0.15) text.delete(at, Math.min(text.length - at, prng.int31(random, 5, 30)));
    else text.insert(at, sentence(random));
  });
}

/** A text to which so many client ids have added a word each, in one update. */
export function documentOfClients(clientIds: number, seed: number): Uint8Array {
  return writtenByClients(contributions(clientIds, seed));
}

const firstEdits = 20;

/** Edits until the document has grown to so many bytes. Looks seldom, because encoding it takes long. */
function grown(ydoc: Y.Doc, bytes: number, edit: () => void): Uint8Array {
  let update = emptyUpdate;
  let edits = 0;
  while (update.length < bytes) {
    const left = ((bytes - update.length) * 0.9 * edits) / update.length;
    // Never more than there were: what the first few bring, or take away, tells little of the others.
    const step = Math.ceil(Math.min(left, Math.max(firstEdits, edits))) || firstEdits;
    ydoc.transact(() => {
      for (let i = 0; i < step; i++) edit();
    });
    edits += step;
    update = Y.encodeStateAsUpdate(ydoc);
  }
  return update;
}

/** One client id's word, put behind that of the one before. */
interface Contribution {
  readonly clientId: number;
  readonly text: string;
  /** Id of the last character before it. */
  readonly after: { readonly clientId: number; readonly clock: number } | undefined;
}

function contributions(count: number, seed: number): Contribution[] {
  const random = prng.create(seed);
  let after: Contribution['after'];
  return drawClientIds(random, count).map((clientId) => {
    const made = { clientId, text: `${word(random)} `, after };
    after = { clientId, clock: made.text.length - 1 };
    return made;
  });
}

/** Written as bytes: a Y.Doc takes seconds for a hundred thousand client ids. */
function writtenByClients(all: readonly Contribution[]): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, all.length);
  for (const contribution of [...all].sort((a, b) => b.clientId - a.clientId)) write(encoder, contribution);
  encoding.writeVarUint(encoder, 0); // deletes
  return encoding.toUint8Array(encoder);
}

const contentString = 4;
const hasOrigin = 0x80;

function write(encoder: encoding.Encoder, { clientId, text, after }: Contribution): void {
  encoding.writeVarUint(encoder, 1); // structs
  encoding.writeVarUint(encoder, clientId);
  encoding.writeVarUint(encoder, 0); // clock
  if (after === undefined) {
    encoding.writeUint8(encoder, contentString);
    encoding.writeVarUint(encoder, 1); // the parent is a root type
    encoding.writeVarString(encoder, textName);
  } else {
    encoding.writeUint8(encoder, contentString | hasOrigin);
    encoding.writeVarUint(encoder, after.clientId);
    encoding.writeVarUint(encoder, after.clock);
  }
  encoding.writeVarString(encoder, text);
}
