'use client';

// A document as long as a component shows it.

import { createElement, useEffect, useRef, useState, type ReactNode } from 'react';
import * as Y from 'yjs';
import { HeddleProvider } from '../provider/heddle-provider.js';
import type { HeddleProviderOptions } from '../provider/provider-options.js';
import { ProvideDocument, useServer } from './server-context.js';

interface Opened {
  readonly provider: HeddleProvider;
  readonly name: string;
  readonly common: HeddleProviderOptions;
}

/**
 * Opens a document of the server around, and closes it with the component. Undefined until the component is mounted.
 * The options count as they are when it is opened.
 */
export function useDocument(name: string, options?: HeddleProviderOptions): HeddleProvider | undefined {
  const { url, options: common, tokenText } = useServer();
  const openedWith = useRef(tokenText);
  const [opened, setOpened] = useState<Opened>();
  useEffect(() => {
    const provider = new HeddleProvider(url, name, new Y.Doc(), { ...common, ...options });
    openedWith.current = tokenText;
    setOpened({ provider, name, common });
    return () => {
      provider.destroy();
      provider.doc.destroy();
    };
    // Not the options: they are a new object at each render.
  }, [url, name, common]);
  useEffect(() => {
    if (opened === undefined || tokenText === openedWith.current) return;
    openedWith.current = tokenText;
    // What goes wrong is told by the connection.
    opened.provider.connection.renewToken().catch(() => {});
  }, [opened, tokenText]);
  // While another is being opened, the one before it is not what was asked for.
  return opened?.name === name && opened.common === common ? opened.provider : undefined;
}

export interface HeddleDocumentProps {
  readonly name: string;
  readonly options?: HeddleProviderOptions;
  /** Shown until the copy on this device has been read. */
  readonly fallback?: ReactNode;
  readonly children?: ReactNode;
}

/** A document for everything inside, which is shown as soon as there is something to show: with or without a network. */
export function HeddleDocument({ name, options, fallback, children }: HeddleDocumentProps): ReactNode {
  const provider = useDocument(name, options);
  const [loaded, setLoaded] = useState<HeddleProvider>();
  useEffect(() => {
    let isCurrent = true;
    const show = (): void => {
      if (isCurrent) setLoaded(provider);
    };
    // A copy that cannot be read is told by the status; the document goes on without it.
    provider?.whenLoaded.then(show, show);
    return () => {
      isCurrent = false;
    };
  }, [provider]);
  if (provider === undefined || loaded !== provider) return fallback ?? null;
  return createElement(ProvideDocument, { provider }, children);
}
