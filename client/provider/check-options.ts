// Options that other providers have and this one has not are refused, with what to use in their place: an option that did
// nothing would be found out much later.

import { callbackNames } from './callback-options.js';
import type { HeddleProviderOptions } from './provider-options.js';

/** All options there are. */
const ownNames = {
  ...callbackNames,
  token: true,
  tokenStorageKey: true,
  user: true,
  device: true,
  httpFallback: true,
  WebSocketPolyfill: true,
  connection: true,
  connect: true,
  awareness: true,
  offline: true,
  tabs: true,
  disableBc: true,
  warnBeforeUnload: true,
  autoLoadSubdocs: true,
} as const satisfies Record<keyof HeddleProviderOptions, true>;

/** What to do instead. */
const instead: Readonly<Record<string, string>> = {
  params: 'hand the token in as `token`; nothing else is read from the address',
  protocols: 'hand the token in as `token`',
  parameters: 'hand the token in as `token`; nothing else is read from the address',
  maxBackoffTime: 'waits are chosen by the client, and `connection.connect()` tries at once',
  resyncInterval: 'what is missed is noticed without it, and `sync()` asks when you want',
  forceSyncInterval: 'what is missed is noticed without it, and `sync()` asks when you want',
  shouldReconnect: 'the close code decides, and `connect()` tries again; see the event `closed`',
  ws: 'hand the class in as `WebSocketPolyfill`',
  websocketProvider: 'hand a HeddleConnection in as `connection`',
  url: 'it is the first argument: new HeddleProvider(url, name, doc, options)',
  name: 'it is the second argument: new HeddleProvider(url, name, doc, options)',
  document: 'it is the third argument: new HeddleProvider(url, name, doc, options)',
  onOpen: 'use `onConnect`, which is called when the server believes the token',
  onMessage: 'listen to the document (`doc.on`) or to an event of the provider',
  onOutgoingMessage: 'listen to the document (`doc.on`)',
  onStateless: 'ask the server by `connection.call`, which its `onCall` hook answers',
};

/** Throws TypeError, which names the option, where there is one that would do nothing. */
export function checkOptions(url: unknown, options: object): void {
  if (typeof url !== 'string')
    throw new TypeError(
      'HeddleProvider takes its arguments apart: new HeddleProvider(url, name, doc, options)',
    );
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(ownNames, name)) continue;
    // y-websocket's way to say that it is off.
    if (name === 'resyncInterval' && value === -1) continue;
    const hint = Object.hasOwn(instead, name) ? `: ${instead[name]}` : '';
    throw new TypeError(`HeddleProvider has no option \`${name}\`${hint}`);
  }
}
