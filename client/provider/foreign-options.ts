// Options that other providers have and this client has not, with what to use in their place.

/** What to do instead. */
export const instead: Readonly<Record<string, string>> = {
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

/** Throws TypeError, which names the option, where one is another provider's and would do nothing here. */
export function refuseForeign(className: string, options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || !Object.hasOwn(instead, name)) continue;
    // y-websocket's way to say that it is off.
    if (name === 'resyncInterval' && value === -1) continue;
    throw new TypeError(`${className} has no option \`${name}\`: ${instead[name]}`);
  }
}
