// What somebody who means harm, or whose client is broken, says: updates, awareness and frames.

import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import { hostileUpdates, item, raw, text, update } from '../server/crdt/hostile-updates.js';
import type { SeededRandom } from '../support/seeded-random.js';

/** Those that are cheap to make and to read: the others have tests of their own. */
const cheap = hostileUpdates.filter(
  ({ name }) => !/\d{2,3} ?000|million|2\^25|MB|2 000|4 000|8 000|deep/.test(name),
);

/** Hostile structs, the first ones in preparation of the last. */
export function hostileStructs(random: SeededRandom): { name: string; updates: Uint8Array[] } {
  const { name, build } = random.pick(cheap);
  return { name, updates: build() };
}

/** Text under somebody else's client id, at the clock its owner would use next. */
export function forged(client: number, clock: number): Uint8Array {
  return update([[client, clock, [text({ root: 'text' }, 'forged')]]]);
}

/** One letter under a client id of its own. */
export function letter(client: number): Uint8Array {
  return update([[client, 0, [text({ root: 'text' }, 'x')]]]);
}

/** The second edit of a client whose first one is nowhere, beside one that is complete. */
export function incomplete(client: number): Uint8Array {
  return update([
    [client + 1, 0, [text({ root: 'text' }, 'whole')]],
    [client, 7, [text({ root: 'text' }, 'dangling')]],
  ]);
}

/** A complete update that hangs on one that nobody has. */
export function dangling(client: number): Uint8Array {
  return update([[client, 0, [text({ origin: [client + 5, 3] }, 'dangling')]]]);
}

/** A deletion of all that a client has written. */
export function erasure(client: number, clock: number): Uint8Array {
  return update([], [[client, [0, Math.max(1, clock)]]]);
}

export function embed(client: number): Uint8Array {
  return update([[client, 0, [item(5, { root: 'text' }, '{"image":"x"}')]]]);
}

const states = [
  'null',
  '{}',
  '{"name":"x"}',
  '[1,2]',
  '"text"',
  '7',
  'true',
  '{"a":',
  `{"big":"${'x'.repeat(70_000)}"}`,
];

/** An awareness update for these ids, with states that fit or do not. */
export function awarenessOf(ids: readonly number[], random: SeededRandom, isOdd: boolean): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, ids.length);
  for (const id of ids) {
    encoding.writeVarUint(encoder, id);
    encoding.writeVarUint(encoder, isOdd && random.chance(0.1) ? 2 ** 33 : random.int(50));
    encoding.writeVarString(encoder, isOdd ? random.pick(states) : '{"name":"somebody"}');
  }
  return encoding.toUint8Array(encoder);
}

/** Bytes that are no message. */
export function noise(random: SeededRandom): Uint8Array {
  return random.chance(0.5) ? raw(...random.bytes(1 + random.int(20))) : raw(99, 1, 2);
}

/** A random document of its own, as one update. */
export function foreignDocument(client: number, edit: (doc: Y.Doc) => void): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = client;
  edit(doc);
  return Y.encodeStateAsUpdate(doc);
}
