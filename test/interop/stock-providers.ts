// The stock y-websocket providers that Heddle serves, each as it comes from npm.

import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { WebsocketProvider as Provider1 } from 'y-websocket-1';
import { WebsocketProvider as Provider2 } from 'y-websocket-2';
import { WebsocketProvider as Provider30 } from 'y-websocket-3';
import { WebsocketProvider as Provider31 } from 'y-websocket';
import * as Y from 'yjs';
import { until } from '../support/peer.js';

// The resync timer of the providers asks the global one for its constants.
Reflect.set(globalThis, 'WebSocket', WebSocket);

type StockProvider = Provider31;
type StockOptions = ConstructorParameters<typeof Provider31>[3];

export interface StockVersion {
  readonly version: string;
  readonly Provider: typeof Provider31;
}

/** Version as in its package. The older ones have the same interface as far as it is used here. */
export const stockVersions: readonly StockVersion[] = [
  { version: '1.5.4', Provider: Provider1 as unknown as typeof Provider31 },
  { version: '2.1.0', Provider: Provider2 as unknown as typeof Provider31 },
  { version: '3.0.0', Provider: Provider30 as unknown as typeof Provider31 },
  { version: '3.1.0', Provider: Provider31 },
];

/** A provider on a Y.Doc of its own, destroyed when the running test ends. Talks over its socket alone. */
export function stockProvider(
  { Provider }: StockVersion,
  url: string,
  documentName: string,
  { doc = new Y.Doc(), ...options }: StockOptions & { doc?: Y.Doc } = {},
): StockProvider {
  const provider = new Provider(url, documentName, doc, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    disableBc: true,
    ...options,
  });
  onTestFinished(() => provider.destroy());
  return provider;
}

/** Resolves when the provider says it has everything the server had. */
export async function untilSynced(provider: StockProvider): Promise<StockProvider> {
  await until(() => provider.synced, `${provider.roomname} is synced`);
  return provider;
}

export function textOf(provider: StockProvider): string {
  return provider.doc.getText('text').toString();
}

/** Cuts the provider's connection without a closing handshake; it reconnects by itself. */
export function cut(provider: StockProvider): void {
  (provider.ws as unknown as WebSocket).terminate();
}

export type { StockProvider };
