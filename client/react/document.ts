'use client';

// A document as long as a component shows it.

import { createElement, useEffect, useState, type ReactNode } from 'react';
import { OpenDocument, whenReadable } from '../bindings/open-document.js';
import type { HeddleProvider } from '../provider/heddle-provider.js';
import type { HeddleProviderOptions } from '../provider/provider-options.js';
import { ProvideDocument, useServer } from './server-context.js';

/**
 * Opens a document of the server around, and closes it with the component. Undefined until the component is mounted.
 * The options count as they are when it is opened.
 */
export function useDocument(name: string, options?: HeddleProviderOptions): HeddleProvider | undefined {
  const server = useServer();
  const [opened, setOpened] = useState<OpenDocument>();
  useEffect(() => {
    const opening = new OpenDocument(server, name, options);
    setOpened(opening);
    return () => opening.close();
    // Not the options of the document, which are a new object at each render, nor the text of the token.
  }, [server.url, name, server.options]);
  useEffect(() => opened?.useTokenText(server.tokenText), [opened, server.tokenText]);
  // While another is being opened, the one before it is not what was asked for.
  return opened?.isOf(server, name) === true ? opened.provider : undefined;
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
  useEffect(
    () => (provider === undefined ? undefined : whenReadable(provider, () => setLoaded(provider))),
    [provider],
  );
  if (provider === undefined || loaded !== provider) return fallback ?? null;
  return createElement(ProvideDocument, { provider }, children);
}
