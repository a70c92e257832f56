'use client';

// Which server the documents below are on, and the one that is open around here.

import { createContext, createElement, useContext, useMemo, useRef, type ReactNode } from 'react';
import type { HeddleProvider } from '../provider/heddle-provider.js';
import type { HeddleProviderOptions } from '../provider/provider-options.js';
import type { TokenFunction } from '../token/token-source.js';

export interface HeddleServerProps extends HeddleProviderOptions {
  readonly url: string;
  readonly children?: ReactNode;
}

interface Server {
  readonly url: string;
  readonly options: HeddleProviderOptions;
  /** The token in use, where it is a text. */
  readonly tokenText: string | undefined;
}

const ServerContext = createContext<Server | undefined>(undefined);

/**
 * The server for all documents inside: they share one connection. The token may be another one at each render. A new function
 * is called when the next token is due; a new text is handed to the server at once, and the documents stay open. The other
 * options count as they are at the first render.
 */
export function HeddleServer({ url, children, ...options }: HeddleServerProps): ReactNode {
  const { token } = options;
  const latest = useRef(options);
  latest.current = options;
  const hasToken = token !== undefined;
  // A function that takes an argument is told of each new document, so its stand-in takes one as well.
  const isPerDocument = typeof token === 'function' && token.length > 0;
  const first = useMemo(() => {
    const { token: _token, ...rest } = latest.current;
    if (!hasToken) return rest;
    const ask: TokenFunction = (wanted) => {
      const { token: now } = latest.current;
      return typeof now === 'function' ? now(wanted) : (now ?? '');
    };
    return { ...rest, token: isPerDocument ? ask : (...wanted: Parameters<TokenFunction>) => ask(...wanted) };
  }, [url, hasToken, isPerDocument]);
  const tokenText = typeof token === 'string' ? token : undefined;
  const server = useMemo(() => ({ url, options: first, tokenText }), [url, first, tokenText]);
  return createElement(ServerContext.Provider, { value: server }, children);
}

/** Throws outside of a HeddleServer. */
export function useServer(): Server {
  const server = useContext(ServerContext);
  if (server === undefined) throw new Error('there is no <HeddleServer> around this component');
  return server;
}

const ProviderContext = createContext<HeddleProvider | undefined>(undefined);

/** Makes a provider the one that the hooks below use. */
export function ProvideDocument(props: { provider: HeddleProvider; children?: ReactNode }): ReactNode {
  return createElement(ProviderContext.Provider, { value: props.provider }, props.children);
}

/** The provider that was handed in, or that of the document around. Throws where there is neither. */
export function useProvider(provider?: HeddleProvider): HeddleProvider {
  const around = useContext(ProviderContext);
  const found = provider ?? around;
  if (found === undefined) throw new Error('there is no <HeddleDocument> around this component');
  return found;
}
