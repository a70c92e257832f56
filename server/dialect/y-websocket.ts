// The wire protocol of the stock y-websocket provider, 1.x to 3.x (y-protocols 1.0 framing). One document per socket,
// its name in the path. The bytes are in docs/protocol.md.

import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { SyncError } from '../../shared/errors.js';
import { FrameReader } from '../../shared/frame-reader.js';
import type { DocumentDialect, DocumentEncoder } from './dialect.js';
import type { ClientMessage } from './messages.js';

const message = { sync: 0, awareness: 1, auth: 2, awarenessQuery: 3 } as const;
const sync = { step1: 0, step2: 1, update: 2 } as const;
const permissionDenied = 0;

/** Stock clients send one message per frame. Newer ones may send several, so the whole frame is read. */
function read(frame: Uint8Array): FrameReader<ClientMessage> {
  return new FrameReader(frame, readMessage);
}

function readMessage(decoder: decoding.Decoder): ClientMessage {
  const type = decoding.readVarUint(decoder);
  switch (type) {
    case message.sync:
      return readSyncMessage(decoder);
    case message.awareness:
      return { type: 'awareness', update: decoding.readVarUint8Array(decoder) };
    case message.awarenessQuery:
      return { type: 'awareness-query' };
    default:
      throw new SyncError('MESSAGE_UNKNOWN', `message type ${type}`);
  }
}

function readSyncMessage(decoder: decoding.Decoder): ClientMessage {
  const type = decoding.readVarUint(decoder);
  switch (type) {
    case sync.step1:
      return { type: 'sync-request', stateVector: decoding.readVarUint8Array(decoder) };
    case sync.step2:
      return { type: 'offer', update: decoding.readVarUint8Array(decoder) };
    case sync.update:
      return { type: 'update', update: decoding.readVarUint8Array(decoder) };
    default:
      throw new SyncError('MESSAGE_UNKNOWN', `sync message type ${type}`);
  }
}

/** For the head of a frame, begun anew for each; never in use across calls. */
const head = encoding.createEncoder();

/** A frame of one payload behind its type bytes. From Node's pool: frames are many, small, and soon gone. */
function frameOf(types: readonly number[], payload: Uint8Array): Uint8Array {
  head.cpos = 0;
  for (const type of types) encoding.writeVarUint(head, type);
  encoding.writeVarUint(head, payload.length);
  const frame = Buffer.allocUnsafe(head.cpos + payload.length);
  for (let at = 0; at < head.cpos; at++) frame[at] = head.cbuf[at] ?? 0;
  frame.set(payload, head.cpos);
  return frame;
}

function refusal(_seq: number, { reason }: SyncError): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, message.auth);
  encoding.writeVarUint(encoder, permissionDenied);
  encoding.writeVarString(encoder, reason);
  return encoding.toUint8Array(encoder);
}

const updateFrame = (update: Uint8Array): Uint8Array => frameOf([message.sync, sync.update], update);

/** The document is in the path, so all are spoken of alike. */
const encoder: DocumentEncoder = {
  request: (stateVector) => frameOf([message.sync, sync.step1], stateVector),
  part: updateFrame,
  lastPart: (update) => frameOf([message.sync, sync.step2], update),
  synced: () => undefined,
  update: updateFrame,
  // Its echo is.
  acknowledgement() {
    throw new TypeError('updates have no numbers in this dialect');
  },
  awareness: (update) => frameOf([message.awareness], update),
  refusal,
};

export const yWebsocketDialect: DocumentDialect = {
  name: 'y-websocket',
  isEchoAck: true,
  read,
  encoder: () => encoder,
  // An awareness update with no entries: stock clients reconnect after 30 s without a message.
  keepAlive: frameOf([message.awareness], Uint8Array.of(0)),
};
