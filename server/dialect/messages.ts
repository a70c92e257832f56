// What clients say and the server answers, free of any wire format. Payloads are views: copy what outlives the call.

export type ClientMessage =
  /** "I have this": answered with what it lacks. */
  | { readonly type: 'sync-request'; readonly stateVector: Uint8Array }
  /** The answer to our own sync request. */
  | { readonly type: 'sync-reply'; readonly update: Uint8Array }
  | { readonly type: 'update'; readonly update: Uint8Array }
  /** An awareness update of y-protocols. */
  | { readonly type: 'awareness'; readonly update: Uint8Array }
  | { readonly type: 'awareness-query' };
