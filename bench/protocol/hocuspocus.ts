// The protocol of Hocuspocus, as its provider 4.7.0 speaks it: every message names its document, a token comes first, and
// each update is answered with a SyncStatus.

import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { emptyUpdate } from '../../server/crdt/state-vector.js';
import type { Conversation, Protocol, ServerMessage } from './protocol.js';
import { readBytes, reading, readSync, readText } from './reading.js';

const message = {
  sync: 0,
  awareness: 1,
  auth: 2,
  awarenessQuery: 3,
  stateless: 5,
  close: 7,
  syncStatus: 8,
  ping: 9,
  pong: 10,
} as const;
const sync = { step1: 0, step2: 1, update: 2 } as const;
const auth = { token: 0, permissionDenied: 1, authenticated: 2 } as const;

/** Sent with the token since 4.0; servers look at it to know what the client understands. */
const providerVersion = '4.7.0';

function messageTo(document: string, types: readonly number[], payload: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarString(encoder, document);
    for (const type of types) encoding.writeVarUint(encoder, type);
    encoding.writeVarUint8Array(encoder, payload);
  });
}

function authentication(document: string, token: string): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarString(encoder, document);
    encoding.writeVarUint(encoder, message.auth);
    encoding.writeVarUint(encoder, auth.token);
    encoding.writeVarString(encoder, token);
    encoding.writeVarString(encoder, providerVersion);
  });
}

/** One message to each WebSocket message. Those that keep the connection alive are a single byte, without a document. */
function readMessage(decoder: decoding.Decoder): ServerMessage {
  if (decoder.arr.length === 1 && (decoder.arr[0] === message.ping || decoder.arr[0] === message.pong))
    return { kind: 'other' };
  const about = readText(decoder);
  return { ...readContent(decoder), about };
}

function readContent(decoder: decoding.Decoder): ServerMessage {
  const type = decoding.readVarUint(decoder);
  switch (type) {
    case message.sync:
      return readSync(decoder);
    case message.awareness:
      return { kind: 'awareness', update: readBytes(decoder) };
    case message.auth:
      return readAuth(decoder);
    case message.close:
      return { kind: 'refused', reason: `the server has closed the document: ${readText(decoder)}` };
    case message.syncStatus:
      return { kind: 'acknowledgement', isTaken: decoding.readVarUint(decoder) === 1 };
    case message.awarenessQuery:
    case message.stateless:
      return { kind: 'other' };
    default:
      throw new Error(`message type ${type}`);
  }
}

function readAuth(decoder: decoding.Decoder): ServerMessage {
  const type = decoding.readVarUint(decoder);
  if (type === auth.permissionDenied) return { kind: 'refused', reason: readText(decoder) };
  if (type === auth.token || type === auth.authenticated) return { kind: 'other' };
  throw new Error(`auth message type ${type}`);
}

function converse(document: string): Conversation {
  const say = (types: readonly number[], payload: Uint8Array): Uint8Array =>
    messageTo(document, types, payload);
  const syncReply = (update: Uint8Array): Uint8Array => say([message.sync, sync.step2], update);
  return {
    address: document,
    position: undefined,
    isResumed: false,
    greeting: (token = '') => [authentication(document, token)],
    syncRequest: ({ stateVector }) => say([message.sync, sync.step1], stateVector),
    syncReply,
    update: (update) => say([message.sync, sync.update], update),
    awareness: (update) => say([message.awareness], update),
    hear: ({ kind }) => (kind === 'sync-request' ? { reply: syncReply(emptyUpdate) } : undefined),
  };
}

export const hocuspocus: Protocol = {
  name: 'hocuspocus',
  acknowledgedBy: 'message',
  documentsPerSocket: 'many',
  path: () => '/',
  hello: () => [],
  converse,
  read: (payload) => [reading('hocuspocus', payload, readMessage)],
};
