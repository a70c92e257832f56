// What a load client has to know of a wire protocol. Payloads are whole WebSocket messages, without framing.

export type ProtocolName = 'y-websocket' | 'hocuspocus';

/** A message of the server, as far as a load client cares. Byte views are valid for the call. */
export type ServerMessage =
  | { readonly kind: 'update'; readonly update: Uint8Array }
  /** The answer to a sync request; `update` may be empty of structs. */
  | { readonly kind: 'sync-reply'; readonly update: Uint8Array }
  /** The server asks for what the client has. */
  | { readonly kind: 'sync-request'; readonly stateVector: Uint8Array }
  | { readonly kind: 'awareness'; readonly update: Uint8Array }
  /** One update of ours has been taken. For protocols whose acknowledgement is not the echo. */
  | { readonly kind: 'acknowledgement'; readonly isTaken: boolean }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'other' };

export interface Protocol {
  readonly name: ProtocolName;
  /** How the sender learns that its update was taken: it comes back, or a message says so. */
  readonly acknowledgedBy: 'echo' | 'message';
  /** Path of the WebSocket URL for a document, beginning with a slash. */
  path(document: string): string;
  /** Messages a client sends as soon as the socket is open, before anything else. */
  greeting(document: string, token: string | undefined): readonly Uint8Array[];
  syncRequest(document: string, stateVector: Uint8Array): Uint8Array;
  syncReply(document: string, update: Uint8Array): Uint8Array;
  update(document: string, update: Uint8Array): Uint8Array;
  awareness(document: string, update: Uint8Array): Uint8Array;
  /** Messages of one WebSocket message, in order. Throws DeliveryError when it is none of this protocol's. */
  read(payload: Uint8Array): readonly ServerMessage[];
}
