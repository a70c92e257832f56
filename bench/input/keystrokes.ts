// The smallest updates there are, one letter after the other, written byte by byte: a million take no time to make.

import * as encoding from 'lib0/encoding';
import { emptyUpdate } from '../../server/crdt/state-vector.js';
import type { PreparedUpdate, Script, WriterScript } from './script.js';
import { textName } from './text-name.js';

const contentString = 4;
const hasOrigin = 0x80;
const firstLetter = 'a'.charCodeAt(0);

export interface KeystrokeOptions {
  readonly writers: number;
  readonly updatesPerWriter: number;
  /** Writers get this id and those after it. Default 1000. */
  readonly firstClientId?: number;
}

/** Each writer types the alphabet, over and over, behind what it typed before. There is no base. */
export function makeKeystrokeScript(options: KeystrokeOptions): Script {
  const { writers: count, updatesPerWriter, firstClientId = 1000 } = options;
  const writers = Array.from({ length: count }, (_, writer): WriterScript => ({
    clientId: firstClientId + writer,
    updates: keystrokes(firstClientId + writer, updatesPerWriter),
  }));
  return { base: emptyUpdate, writers };
}

/** All in one piece of memory: an array of its own for each would take longer to make than its bytes. */
function keystrokes(clientId: number, count: number): PreparedUpdate[] {
  const encoder = encoding.createEncoder();
  const ends: number[] = [];
  for (let clock = 0; clock < count; clock++) {
    writeKeystroke(encoder, clientId, clock);
    ends.push(encoding.length(encoder));
  }
  const bytes = encoding.toUint8Array(encoder);
  return ends.map((end, clock) => ({
    update: bytes.subarray(ends[clock - 1] ?? 0, end),
    clientId,
    from: clock,
    to: clock + 1,
    deleted: 0,
  }));
}

function writeKeystroke(encoder: encoding.Encoder, clientId: number, clock: number): void {
  encoding.writeVarUint(encoder, 1); // client ids
  encoding.writeVarUint(encoder, 1); // structs
  encoding.writeVarUint(encoder, clientId);
  encoding.writeVarUint(encoder, clock);
  if (clock === 0) {
    encoding.writeUint8(encoder, contentString);
    encoding.writeVarUint(encoder, 1); // the parent is a root type
    encoding.writeVarString(encoder, textName);
  } else {
    encoding.writeUint8(encoder, contentString | hasOrigin);
    encoding.writeVarUint(encoder, clientId);
    encoding.writeVarUint(encoder, clock - 1);
  }
  encoding.writeVarUint(encoder, 1); // bytes of text
  encoding.writeUint8(encoder, firstLetter + (clock % 26));
  encoding.writeVarUint(encoder, 0); // deletes
}
