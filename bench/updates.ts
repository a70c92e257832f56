// Yjs updates as a typing client sends them, written byte by byte so that a million of them take no time to make.

import * as encoding from 'lib0/encoding';

const contentString = 4;
const hasOrigin = 0x80;

/** The update that appends one letter to the client's own text: the `clock`-th of this client id. */
export function keystroke(clientId: number, clock: number): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 1); // clients
  encoding.writeVarUint(encoder, 1); // structs
  encoding.writeVarUint(encoder, clientId);
  encoding.writeVarUint(encoder, clock);
  if (clock === 0) {
    encoding.writeUint8(encoder, contentString);
    encoding.writeVarUint(encoder, 1); // the parent is a root type
    encoding.writeVarString(encoder, `text-${clientId}`);
  } else {
    encoding.writeUint8(encoder, contentString | hasOrigin);
    encoding.writeVarUint(encoder, clientId);
    encoding.writeVarUint(encoder, clock - 1);
  }
  encoding.writeVarString(encoder, 'abcdefghijklmnopqrstuvwxyz'[clock % 26] ?? 'x');
  encoding.writeVarUint(encoder, 0); // deletes
  return encoding.toUint8Array(encoder);
}

/** A y-websocket message that carries an update. */
export function updateMessage(update: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 0);
  encoding.writeVarUint(encoder, 2);
  encoding.writeVarUint8Array(encoder, update);
  return encoding.toUint8Array(encoder);
}

/** A y-websocket sync request for everything. */
export const syncRequest = Uint8Array.of(0, 0, 1, 0);
