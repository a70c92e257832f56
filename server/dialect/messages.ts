// What clients say about a document, free of any wire format. Payloads are views: copy what outlives the call.

/** A `seq` is the update's number, in dialects that have them: the update is acknowledged, or refused, by it. */
export type ClientMessage =
  /** "I have this": answered with what it lacks. */
  | { readonly type: 'sync-request'; readonly stateVector: Uint8Array }
  /** What the client has and the server may lack, its own or others'; also the answer to our own request. */
  | { readonly type: 'offer'; readonly update: Uint8Array; readonly seq?: number }
  /** An edit that was just made. */
  | { readonly type: 'update'; readonly update: Uint8Array; readonly seq?: number }
  /** An awareness update of y-protocols. */
  | { readonly type: 'awareness'; readonly update: Uint8Array }
  | { readonly type: 'awareness-query' }
  /** To be told `synced` once all that there is now is durable and sent. */
  | { readonly type: 'sync' };
