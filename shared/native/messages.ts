// What Heddle's own client and the server say to each other: the messages, their numbers and their fields in order. The
// rules are in docs/protocol.md.

import {
  access,
  acks,
  bytes,
  extensions,
  flag,
  known,
  namedNumbers,
  people,
  rosterKind,
  spokenVersion,
  text,
  texts,
  uint,
  type ValueOf,
} from './fields.js';

/** The newest version this code speaks. */
export const nativeVersion = 2;
/** The oldest version this code speaks. */
export const oldestNativeVersion = 2;

/**
 * From this number on a message says its length behind its number, and whoever does not know the number passes over it. A
 * lower number that is not in the tables is an error.
 */
export const firstSkippable = 64;

/** A message: its number on the wire, and its fields in the order of their bytes. */
export type MessageLayout = readonly [number: number, fields: Readonly<Record<string, object>>];

export type MessageTable = Readonly<Record<string, MessageLayout>>;

type MessageOf<T extends MessageTable> = {
  [Type in keyof T & string]: { readonly type: Type } & {
    readonly [Name in Exclude<keyof T[Type][1], 'extensions'>]: ValueOf<T[Type][1][Name]>;
  } & { readonly [Name in keyof T[Type][1] & 'extensions']?: ValueOf<T[Type][1][Name]> };
}[keyof T & string];

/**
 * Client to server. `document` is the number that the server gave the document when it was opened. `seq` counts up from 1
 * over the updates and offers of a document on this connection.
 */
export const clientMessages = {
  /**
   * The first. The client speaks all versions from `oldest` to `version`. `device` is a secret of the device, the same each
   * time; `agent` is the client's name and version, for the log. Extension `session`: a secret of this running client, the
   * same on each of its connections. Extension `inflates`: the client takes `deflated` messages. Extension `comments`: it knows
   * the access `comment`, which it is told as `read` otherwise. Extensions `deviceName` and `platform`: what the application
   * calls this device, and what it runs on, for people to read.
   */
  hello: [
    0,
    {
      version: spokenVersion,
      oldest: uint,
      token: text,
      device: text,
      agent: text,
      extensions: extensions({
        session: [1, text],
        inflates: [2, flag],
        comments: [3, flag],
        deviceName: [4, text],
        platform: [5, text],
      }),
    },
  ],
  /**
   * `ref` is the client's own number for this, and comes back in the answer. Extension `revives`: a document that was deleted is
   * to be again, with what the client has of it.
   */
  open: [1, { ref: uint, name: text, known, extensions: extensions({ revives: [1, flag] }) }],
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
  /** A request that is answered by `result` with the same `id`. `document` is 0 where it is about none. */
  call: [10, { id: uint, document: uint, method: text, body: bytes }],
  /** Messages of this table, one behind the other, in `size` bytes, as raw deflate. None of them is `deflated` itself. */
  deflated: [11, { size: uint, body: bytes }],
  /**
   * Asks for a change by the server: at once, or when the session of this client ends. Answered by `result` with the same `id`,
   * which counts with the ids of calls. `operation` is JSON. Only to a server that has said `operates`.
   */
  operate: [12, { document: uint, id: uint, isAtEnd: flag, operation: bytes }],
  /** The session of this client ends with this connection. Only to a server that has said `operates`. */
  leave: [13, {}],
  /**
   * Asks for the devices of this client's user. Answered by `result`, whose body is JSON: `devices`, and `self`, the id of this one.
   * With `isWatch` a `result` with this `id` comes again whenever the list has changed, until the connection ends or
   * the same `id` is said without it. A connection has one watch at a time. Only to a server that has said `devices`.
   */
  devices: [14, { id: uint, isWatch: flag }],
  /**
   * Changes a device of this client's user: gives it a name, '' for the one that it says itself, or signs it out. Answered by
   * `result`. `device` is an id of the list. Only to a server that has said `devices`.
   */
  'change-device': [15, { id: uint, device: text, isSignOut: flag, name: text }],
  /**
   * From now on the client is told who is in a document that it has open, or is not told any more. Only to a server that has
   * said `rosters`.
   */
  'watch-roster': [16, { document: uint, isOn: flag }],
} as const;

/**
 * Server to client. A `cursor` is an offset of the document up to which this client has been sent everything and all is
 * durable. Times are ms since the epoch by the server's clock, `expiresAt` is in s, 0 for never. `code` is a name of
 * the error table, and `close` its close code, which says what an unknown name means.
 */
export const serverMessages = {
  /**
   * `version` is the one that both sides speak from here on. `server` is the server's name for itself, the same as long as it
   * has its store; `run` is another each time it starts. `user` is the `sub` that it believed, '' for nobody. `limits` has
   * those that are not `usualLimits`. Extension `inflates`: the server takes `deflated` messages. Extension `operates`: it takes
   * `operate` and `leave`. Extension `commentRoots`: the root types under which who has the access `comment` may write; missing
   * where there are none. Extension `devices`: it takes `devices` and `change-device`. Extension
   * `rosters`: it takes `watch-roster`.
   */
  welcome: [
    0,
    {
      version: uint,
      serverTime: uint,
      expiresAt: uint,
      maxSilenceMs: uint,
      server: text,
      run: text,
      user: text,
      limits: namedNumbers,
      extensions: extensions({
        inflates: [1, flag],
        operates: [2, flag],
        commentRoots: [3, texts],
        devices: [4, flag],
        rosters: [5, flag],
      }),
    },
  ],
  /**
   * `writer` is this connection's number in `acks`. Offsets mean the same only within one `epoch`. Without
   * `isContentNext` the offset was of no use, and the server waits for a `request`. The state vector is what the
   * server has; empty where content follows an offset. Extension `kind`: what the document is made of, fixed when it
   * was made; `yjs` where it is missing.
   */
  opened: [
    1,
    {
      ref: uint,
      document: uint,
      writer: uint,
      access,
      epoch: text,
      isContentNext: flag,
      stateVector: bytes,
      extensions: extensions({ kind: [1, text] }),
    },
  ],
  'not-opened': [2, { ref: uint, code: text, close: uint, reason: text }],
  update: [3, { document: uint, cursor: uint, acks, update: bytes }],
  /** All of this client's up to `seq` is durable. */
  ack: [4, { document: uint, cursor: uint, seq: uint }],
  awareness: [5, { document: uint, update: bytes }],
  synced: [6, { document: uint, cursor: uint }],
  closed: [7, { document: uint, code: text, close: uint, reason: text }],
  /** The new token counts. */
  authenticated: [8, { expiresAt: uint }],
  pong: [9, { clientTime: uint, serverTime: uint }],
  /** This update or offer was refused, and only it; with `seq` 0, an entry of the client's awareness. */
  refused: [10, { document: uint, seq: uint, code: text, close: uint, reason: text }],
  /** The rights have changed. */
  access: [11, { document: uint, access }],
  'token-wanted': [12, { reason: text }],
  /** Something that came depends on what the server lacks: this is what it has, the rest is to be offered. */
  wanted: [13, { document: uint, stateVector: bytes }],
  /** The connection is closed right after this. `retryAfterMs`: not before; 0 where the client decides. */
  goodbye: [14, { code: text, close: uint, reason: text, retryAfterMs: uint }],
  /** The answer to a request that has an `id`. `code` is '' when it was done, and `body` is what came of it. */
  result: [15, { id: uint, code: text, close: uint, reason: text, body: bytes }],
  /** The same as from a client. Only to clients that have said `inflates`. */
  deflated: [16, { size: uint, body: bytes }],
  /** Who is in the document, to those who watch it. What says `whole` comes first; later ones name those who have changed. */
  roster: [17, { document: uint, kind: rosterKind, people }],
  /** The rights of the token in force have changed: what was refused may be allowed now. `later` is empty in this version. */
  'rights-changed': [64, { later: bytes }],
} as const;

/** A message of a later version, which was passed over. */
export interface UnknownMessage {
  readonly type: 'unknown';
  readonly number: number;
}

export type NativeClientMessage = MessageOf<typeof clientMessages>;
export type NativeServerMessage = MessageOf<typeof serverMessages>;

/** The kind of document that there is today: a Yjs document in updates of the V1 encoding. */
export const yjsKind = 'yjs';

/** The limits that a client must keep to. `welcome` says, under `limits`, those that are not `usualLimits`. */
export interface ServerLimits {
  /** Largest frame of a client, bytes. */
  readonly maxMessageBytes: number;
  /** Largest update or offer, bytes. */
  readonly maxUpdateBytes: number;
  /** Largest document, bytes. */
  readonly maxDocumentBytes: number;
  /** Documents open on one connection. */
  readonly maxDocuments: number;
  /** Awareness state of one client, bytes of JSON. */
  readonly maxAwarenessBytes: number;
  /** Longest key, attribute or node name, bytes. */
  readonly maxKeyBytes: number;
  /** Depth of JSON and of shared types inside each other. */
  readonly maxNesting: number;
  /** Values in one value of a document, counted through all levels. */
  readonly maxValues: number;
}

/** What a limit is that `welcome` does not name. Part of the protocol: it does not change with a server's defaults. */
export const usualLimits: ServerLimits = {
  maxMessageBytes: 33_554_432,
  maxUpdateBytes: 33_554_368,
  maxDocumentBytes: 134_217_728,
  maxDocuments: 1_000,
  maxAwarenessBytes: 65_536,
  maxKeyBytes: 1_024,
  maxNesting: 100,
  maxValues: 500_000,
};
