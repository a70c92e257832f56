// Which server the documents of a component and of those inside it are on, and the document that is open around.

import { getContext, setContext, untrack } from 'svelte';
import {
  optionsInUse,
  tokenKind,
  tokenTextOf,
  type ServerInUse,
  type TokenKind,
} from '../bindings/server-in-use.js';
import type { HeddleProvider } from '../provider/heddle-provider.js';
import type { HeddleProviderOptions } from '../provider/provider-options.js';
import { valueOf, type Current, type MaybeGetter } from './followed.js';

export interface ServerOptions extends HeddleProviderOptions {
  readonly url: string;
}

const serverKey = Symbol('the server around');
const documentKey = Symbol('the document around');

/**
 * Names the server for all documents of this component and of those inside: they share one connection. Handed in as a function, the
 * token may be another one at any time. A new function is called when the next token is due; a new text is handed to the server
 * at once, and the documents stay open. The other options count as they are at first. Call it while the component is made.
 */
export function provideServer(server: MaybeGetter<ServerOptions>): void {
  let made: { url: string; kind: TokenKind; options: HeddleProviderOptions } | undefined;
  setContext(serverKey, (): ServerInUse => {
    const { url, ...options } = valueOf(server);
    const kind = tokenKind(options.token);
    if (made?.url !== url || made.kind !== kind) {
      const latestToken = (): typeof options.token => untrack(() => valueOf(server).token);
      made = { url, kind, options: optionsInUse(options, latestToken) };
    }
    return { url, options: made.options, tokenText: tokenTextOf(options.token) };
  });
}

/** Throws where no server is provided. What it returns is followed. */
export function useServer(): () => ServerInUse {
  const server = getContext<(() => ServerInUse) | undefined>(serverKey);
  if (server === undefined) throw new Error('there is no provideServer() around this component');
  return server;
}

/** Makes a document the one that the functions below use, in this component and in those inside. */
export function setDocument(document: Current<HeddleProvider | undefined>): void {
  setContext(documentKey, document);
}

/** The provider of the document around. Throws where there is none, and while it is not open. */
export function useProvider(): Current<HeddleProvider> {
  const of = providerFor(undefined);
  return {
    get current() {
      return of();
    },
  };
}

/** Follows the provider handed in, or that of the document around. Throws where there is neither. */
export function providerFor(provider: MaybeGetter<HeddleProvider> | undefined): () => HeddleProvider {
  const found = providerIfAny(provider);
  if (found === undefined) throw new Error('there is no provideDocument() around this component');
  return found;
}

export function providerIfAny(
  provider: MaybeGetter<HeddleProvider> | undefined,
): (() => HeddleProvider) | undefined {
  if (provider !== undefined) return () => valueOf(provider);
  const around = getContext<Current<HeddleProvider | undefined> | undefined>(documentKey);
  if (around === undefined) return undefined;
  return () => {
    const open = around.current;
    if (open === undefined)
      throw new Error('the document is not open: show what uses it inside {#if document.current}');
    return open;
  };
}
