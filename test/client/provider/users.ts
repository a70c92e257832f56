// Providers of several users, against a real server.

import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { HeddleProvider, type HeddleProviderOptions } from '../../../client/index.js';
import { testSecret, tokenFor } from '../../support/test-server.js';

export const locked = { auth: { secret: testSecret } };

export function open(url: string, name: string, options: HeddleProviderOptions): HeddleProvider {
  const made = new HeddleProvider(url, name, new Y.Doc(), {
    WebSocketPolyfill: WebSocket,
    tabs: false,
    ...options,
  });
  onTestFinished(() => made.destroy());
  return made;
}

/** As README does it: a function of its own for each provider, all with the same text. */
export const openFor = (url: string, name: string, user: () => string): HeddleProvider =>
  open(url, name, { token: () => tokenFor(user()) });

export const allSynced = (providers: readonly HeddleProvider[]): Promise<unknown> =>
  Promise.all(providers.map(({ whenSynced }) => whenSynced));
export const connectionsOf = (providers: readonly HeddleProvider[]): number =>
  new Set(providers.map(({ connection }) => connection)).size;
export const userOf = ({ connection }: HeddleProvider): string | undefined => connection.wire.welcome?.user;
export const textOf = ({ doc }: HeddleProvider): string => doc.getText('text').toJSON();
export const type = ({ doc }: HeddleProvider, text: string): void => doc.getText('text').insert(0, text);
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
