// What a load client has to know of a wire protocol. Payloads are whole WebSocket messages, without framing.

import type { Position } from '../../shared/native/position.js';

export type ProtocolName = 'y-websocket' | 'hocuspocus' | 'native';

/** Which document a message is about, where a socket may carry several. */
export type Address = string | number;

/** A message of the server, as far as a load client cares. Byte views are valid for the call. */
export type ServerMessage = { readonly about?: Address } & (
  | {
      readonly kind: 'update';
      readonly update: Uint8Array;
      /** Where its receiver can resume; 0 where that is not said. */
      readonly cursor?: number;
      /** By writer: the number of its last update that is durable. */
      readonly acks?: ReadonlyMap<number, number>;
    }
  /** The answer to a sync request; `update` may be empty of structs. */
  | { readonly kind: 'sync-reply'; readonly update: Uint8Array }
  /** The document is open. Without `isContentNext` the server waits to be told what the client has. */
  | {
      readonly kind: 'opened';
      readonly document: number;
      readonly writer: number;
      readonly epoch: string;
      readonly isContentNext: boolean;
    }
  /** All that was asked for has come, in updates before. */
  | { readonly kind: 'synced'; readonly cursor: number }
  /** The server asks for what the client has. */
  | { readonly kind: 'sync-request'; readonly stateVector: Uint8Array }
  | { readonly kind: 'awareness'; readonly update: Uint8Array }
  /** One update of ours has been taken. For protocols whose acknowledgement is not the echo. */
  | { readonly kind: 'acknowledgement'; readonly isTaken: boolean }
  /** All of ours up to this number are durable. */
  | { readonly kind: 'durable'; readonly seq: number; readonly cursor: number }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'other' }
);

/** What a client has of a document when it asks for the rest. */
export interface Known {
  readonly stateVector: Uint8Array;
  /** Where it stood, for protocols that can resume there. */
  readonly position?: Position;
}

/** What follows from a message, for the client it is for. */
export interface Consequence {
  /** To be sent back. */
  readonly reply?: Uint8Array;
  /** So many of its updates, counted from its first one, are durable. */
  readonly durable?: number;
  /** What must not happen to a client that did nothing wrong. */
  readonly fault?: string;
}

/** One client's talk about one document on one socket: what it says, and what it has to remember for that. */
export interface Conversation {
  /** What the first messages for it are addressed to; undefined where messages have no address. */
  readonly address: Address | undefined;
  /** Where it could resume; undefined where the protocol cannot, or it is not known yet. */
  readonly position: Position | undefined;
  /** It was taken up where it stood. */
  readonly isResumed: boolean;
  /** Messages to begin with, before anything else about the document. */
  greeting(token: string | undefined): readonly Uint8Array[];
  syncRequest(known: Known): Uint8Array;
  syncReply(update: Uint8Array): Uint8Array;
  /** Updates are sent in the order in which these are made. */
  update(update: Uint8Array): Uint8Array;
  awareness(update: Uint8Array): Uint8Array;
  /** To be called with every message for it, in order. */
  hear(message: ServerMessage): Consequence | undefined;
}

export interface Protocol {
  readonly name: ProtocolName;
  /**
   * How the sender learns that its update was taken: it comes back, a message says so for each, or the number of the last
   * one does, in a message or in a frame for everybody. A numbered one is counted as delivered to its sender when it is
   * acknowledged, as others are when they come back.
   */
  readonly acknowledgedBy: 'echo' | 'message' | 'number';
  /** How many documents a socket can carry. */
  readonly documentsPerSocket: 'one' | 'many';
  /** Path of the WebSocket URL for a document, beginning with a slash. */
  path(document: string): string;
  /** Messages a client sends as soon as the socket is open, before anything else. */
  hello(token: string | undefined): readonly Uint8Array[];
  /** `ref` tells the conversations of one socket apart: 1 and up. */
  converse(document: string, ref: number): Conversation;
  /** Messages of one WebSocket message, in order. Throws DeliveryError when it is none of this protocol's. */
  read(payload: Uint8Array): readonly ServerMessage[];
}
