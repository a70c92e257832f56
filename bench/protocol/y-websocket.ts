// The protocol of y-websocket, as its provider 3.1.0 speaks it: one document per socket, named in the path.

import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { emptyUpdate } from '../../server/crdt/state-vector.js';
import type { Conversation, Protocol, ServerMessage } from './protocol.js';
import { readBytes, reading, readSync, readText } from './reading.js';

const message = { sync: 0, awareness: 1, auth: 2, awarenessQuery: 3 } as const;
const sync = { step1: 0, step2: 1, update: 2 } as const;
const permissionDenied = 0;

function messageOf(types: readonly number[], payload: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    for (const type of types) encoding.writeVarUint(encoder, type);
    encoding.writeVarUint8Array(encoder, payload);
  });
}

/** As the provider's WebSocket writes it, but that a name cannot end the path. */
function path(document: string): string {
  const url = new URL('ws://server/');
  url.pathname = `/${document}`.replace(/[%\\]/g, encodeURIComponent);
  return url.pathname;
}

function readMessage(decoder: decoding.Decoder): ServerMessage {
  const type = decoding.readVarUint(decoder);
  switch (type) {
    case message.sync:
      return readSync(decoder);
    case message.awareness:
      return { kind: 'awareness', update: readBytes(decoder) };
    case message.auth:
      return readAuth(decoder);
    case message.awarenessQuery:
      return { kind: 'other' };
    default:
      throw new Error(`message type ${type}`);
  }
}

function readAuth(decoder: decoding.Decoder): ServerMessage {
  const type = decoding.readVarUint(decoder);
  if (type !== permissionDenied) throw new Error(`auth message type ${type}`);
  return { kind: 'refused', reason: readText(decoder) };
}

/** Servers may put several messages into one. */
function readAll(decoder: decoding.Decoder): ServerMessage[] {
  const messages: ServerMessage[] = [];
  do messages.push(readMessage(decoder));
  while (decoding.hasContent(decoder));
  return messages;
}

/** The socket is the document's: nothing has to be remembered. */
const conversation: Conversation = {
  address: undefined,
  position: undefined,
  isResumed: false,
  // A token travels in the upgrade; the first message is the sync request.
  greeting: () => [],
  syncRequest: ({ stateVector }) => messageOf([message.sync, sync.step1], stateVector),
  syncReply: (update) => messageOf([message.sync, sync.step2], update),
  update: (update) => messageOf([message.sync, sync.update], update),
  awareness: (update) => messageOf([message.awareness], update),
  hear: ({ kind }) => (kind === 'sync-request' ? { reply: conversation.syncReply(emptyUpdate) } : undefined),
};

export const yWebsocket: Protocol = {
  name: 'y-websocket',
  acknowledgedBy: 'echo',
  documentsPerSocket: 'one',
  path,
  hello: () => [],
  converse: () => conversation,
  read: (payload) => reading('y-websocket', payload, readAll),
};
