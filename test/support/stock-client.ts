// The stock y-websocket provider as an app would use it, in Node, and waiting for what it should come to.

import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';

export interface StockClientOptions {
  /** `ws://host:port`. */
  readonly url: string;
  readonly document: string;
  readonly ydoc?: Y.Doc;
  readonly params?: Record<string, string>;
  readonly protocols?: string[];
  /** Default: that of the package ws. */
  readonly WebSocketPolyfill?: typeof globalThis.WebSocket;
}

export interface StockClient {
  readonly provider: WebsocketProvider;
  readonly ydoc: Y.Doc;
  /** Close codes it has met. */
  readonly closeCodes: number[];
  close(): void;
}

export function connectStock({
  url,
  document,
  ydoc = new Y.Doc(),
  ...rest
}: StockClientOptions): StockClient {
  const provider = new WebsocketProvider(url, document, ydoc, {
    disableBc: true,
    maxBackoffTime: 200,
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    ...rest,
  });
  const closeCodes: number[] = [];
  provider.on('connection-close', (event) => {
    if (event !== null) closeCodes.push(event.code);
  });
  return {
    provider,
    ydoc,
    closeCodes,
    close() {
      provider.destroy();
      provider.awareness.destroy();
    },
  };
}

/** Resolves when the client has everything the server has. */
export function synced({ provider }: StockClient): Promise<void> {
  return until(() => provider.synced, 'the client is synced');
}

/** Looks again and again until it holds. Rejects, in the words given, when it takes too long. */
export async function until(
  condition: () => boolean,
  what: string | (() => string),
  patienceMs = 20_000,
): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  while (!condition()) {
    if (performance.now() > giveUpAt)
      throw new Error(`not within ${patienceMs} ms: ${typeof what === 'string' ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
