// What Heddle's own client and the server say to each other: the messages, their numbers and their fields in order. The
// rules are in docs/protocol.md.

import { access, acks, bytes, flag, known, text, uint, type Field } from './fields.js';

/** The version this code speaks. */
export const nativeVersion = 1;

/** A message: its number on the wire, and its fields in the order of their bytes. */
export type MessageLayout = readonly [number: number, fields: Readonly<Record<string, object>>];

export type MessageTable = Readonly<Record<string, MessageLayout>>;

type ValueOf<F> = F extends Field<infer T> ? T : never;
type MessageOf<T extends MessageTable> = {
  [Type in keyof T & string]: {
    readonly type: Type;
  } & { readonly [Name in keyof T[Type][1]]: ValueOf<T[Type][1][Name]> };
}[keyof T & string];

/**
 * Client to server. `document` is the number that the server gave the document when it was opened. `seq` counts up from 1
 * over the updates and offers of a document on this connection.
 */
export const clientMessages = {
  /** The first. `device` is a secret of the device, the same each time; `agent` is the client's name and version, for the log. */
  hello: [0, { version: uint, token: text, device: text, agent: text }],
  /** `ref` is the client's own number for this, and comes back in the answer. */
  open: [1, { ref: uint, name: text, known }],
  /** "I have this, send me the rest." */
  request: [2, { document: uint, stateVector: bytes }],
  /** An edit that was just made. */
  update: [3, { document: uint, seq: uint, update: bytes }],
  /** What the client has and the server may lack, made by whomever. */
  offer: [4, { document: uint, seq: uint, update: bytes }],
  awareness: [5, { document: uint, update: bytes }],
  /** Answered by `synced` once all that the server has now is durable and has been sent. */
  sync: [6, { document: uint }],
  close: [7, { document: uint }],
  token: [8, { token: text }],
  /** `clientTime` comes back as it is. */
  ping: [9, { clientTime: uint }],
} as const;

/**
 * Server to client. A `cursor` is an offset of the document up to which this client has been sent everything and all is
 * durable. Times are ms since the epoch by the server's clock, `expiresAt` is in s, 0 for never. `code` is a name of
 * the error table.
 */
export const serverMessages = {
  welcome: [0, { version: uint, serverTime: uint, expiresAt: uint, maxSilenceMs: uint }],
  /**
   * `writer` is this connection's number in `acks`. Offsets mean the same only within one `epoch`. Without
   * `isContentNext` the offset was of no use, and the server waits for a `request`. The state vector is what the
   * server has; empty where content follows an offset.
   */
  opened: [
    1,
    { ref: uint, document: uint, writer: uint, access, epoch: text, isContentNext: flag, stateVector: bytes },
  ],
  'not-opened': [2, { ref: uint, code: text, reason: text }],
  update: [3, { document: uint, cursor: uint, acks, update: bytes }],
  /** All of this client's up to `seq` is durable. */
  ack: [4, { document: uint, cursor: uint, seq: uint }],
  awareness: [5, { document: uint, update: bytes }],
  synced: [6, { document: uint, cursor: uint }],
  closed: [7, { document: uint, code: text, reason: text }],
  /** The new token counts. */
  authenticated: [8, { expiresAt: uint }],
  pong: [9, { clientTime: uint, serverTime: uint }],
  /** This update or offer was refused, and only it; with `seq` 0, an entry of the client's awareness. */
  refused: [10, { document: uint, seq: uint, code: text, reason: text }],
  /** The rights have changed. */
  access: [11, { document: uint, access }],
  'token-wanted': [12, { reason: text }],
  /** Something that came depends on what the server lacks: this is what it has, the rest is to be offered. */
  wanted: [13, { document: uint, stateVector: bytes }],
  /** The connection is closed right after this. `retryAfterMs`: not before; 0 where the client decides. */
  goodbye: [14, { code: text, reason: text, retryAfterMs: uint }],
} as const;

export type NativeClientMessage = MessageOf<typeof clientMessages>;
export type NativeServerMessage = MessageOf<typeof serverMessages>;
