// The server that a component names for all documents inside it, with a token that may be another one later.

import type { HeddleProviderOptions } from '../provider/provider-options.js';
import type { TokenFunction, TokenOption } from '../token/token-source.js';

export interface ServerInUse {
  readonly url: string;
  /** For each document. Documents on the same object share a connection, whatever token comes later. */
  readonly options: HeddleProviderOptions;
  /** The token in use, where it is a text. */
  readonly tokenText: string | undefined;
}

export type TokenKind = 'none' | 'for all' | 'per document';

/** What a connection has to know of its token beforehand: where this is another, so are the options of the server. */
export function tokenKind(token: TokenOption | undefined): TokenKind {
  if (token === undefined) return 'none';
  // A function that takes an argument is told of each new document.
  return typeof token === 'function' && token.length > 0 ? 'per document' : 'for all';
}

/** `options` as they are now, but for the token: `latestToken` is asked whenever one is due. */
export function optionsInUse(
  { token, ...rest }: HeddleProviderOptions,
  latestToken: () => TokenOption | undefined,
): HeddleProviderOptions {
  const kind = tokenKind(token);
  if (kind === 'none') return rest;
  const ask: TokenFunction = (wanted) => {
    const now = latestToken();
    return typeof now === 'function' ? now(wanted) : (now ?? '');
  };
  // The stand-in takes an argument where the function that it stands for does.
  return {
    ...rest,
    token: kind === 'per document' ? ask : (...wanted: Parameters<TokenFunction>) => ask(...wanted),
  };
}

export function tokenTextOf(token: TokenOption | undefined): string | undefined {
  return typeof token === 'string' ? token : undefined;
}
