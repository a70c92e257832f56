'use client';

// Which server the documents below are on, and the one that is open around here.

import { createContext, createElement, useContext, useMemo, useRef, type ReactNode } from 'react';
import { optionsInUse, tokenKind, tokenTextOf, type ServerInUse } from '../bindings/server-in-use.js';
import type { HeddleProvider } from '../provider/heddle-provider.js';
import type { HeddleProviderOptions } from '../provider/provider-options.js';

export interface HeddleServerProps extends HeddleProviderOptions {
  readonly url: string;
  readonly children?: ReactNode;
}

const ServerContext = createContext<ServerInUse | undefined>(undefined);

/**
 * The server for all documents inside: they share one connection. The token may be another one at each render. A new function
 * is called when the next token is due; a new text is handed to the server at once, and the documents stay open. The other
 * options count as they are at the first render.
 */
export function HeddleServer({ url, children, ...options }: HeddleServerProps): ReactNode {
  const { token } = options;
  const latest = useRef(options);
  latest.current = options;
  const kind = tokenKind(token);
  const first = useMemo(() => optionsInUse(latest.current, () => latest.current.token), [url, kind]);
  const tokenText = tokenTextOf(token);
  const server = useMemo(() => ({ url, options: first, tokenText }), [url, first, tokenText]);
  return createElement(ServerContext.Provider, { value: server }, children);
}

/** Throws outside of a HeddleServer. */
export function useServer(): ServerInUse {
  const server = useContext(ServerContext);
  if (server === undefined) throw new Error('there is no <HeddleServer> around this component');
  return server;
}

const ProviderContext = createContext<HeddleProvider | undefined>(undefined);

/** Makes a provider the one that the hooks below use. */
export function ProvideDocument(props: { provider: HeddleProvider; children?: ReactNode }): ReactNode {
  return createElement(ProviderContext.Provider, { value: props.provider }, props.children);
}

/** The provider that was handed in, or that of the document around; undefined where there is neither. */
export function useProviderIfAny(provider?: HeddleProvider): HeddleProvider | undefined {
  const around = useContext(ProviderContext);
  return provider ?? around;
}

/** The provider that was handed in, or that of the document around. Throws where there is neither. */
export function useProvider(provider?: HeddleProvider): HeddleProvider {
  const found = useProviderIfAny(provider);
  if (found === undefined) throw new Error('there is no <HeddleDocument> around this component');
  return found;
}
