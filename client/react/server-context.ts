'use client';

// Which server the documents below are on, and the one that is open around here.

import { createContext, createElement, useContext, useMemo, useRef, type ReactNode } from 'react';
import type { HeddleProvider, HeddleProviderOptions } from '../provider/heddle-provider.js';

export interface HeddleServerProps extends HeddleProviderOptions {
  readonly url: string;
  readonly children?: ReactNode;
}

interface Server {
  readonly url: string;
  readonly options: HeddleProviderOptions;
}

const ServerContext = createContext<Server | undefined>(undefined);

/**
 * The server for all documents inside: they share one connection. The token may be a new function at each render; its
 * latest is the one that is called. The other options count as they are at the first.
 */
export function HeddleServer({ url, children, ...options }: HeddleServerProps): ReactNode {
  const latest = useRef(options);
  latest.current = options;
  const isFunction = typeof options.token === 'function';
  const token = isFunction ? undefined : options.token;
  const server = useMemo(() => {
    const { token: given, ...first } = latest.current;
    const ask = (): string | Promise<string> => {
      const { token: now } = latest.current;
      return typeof now === 'function' ? now() : (now ?? '');
    };
    return { url, options: given === undefined ? first : { ...first, token: isFunction ? ask : token } };
  }, [url, isFunction, token]);
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
