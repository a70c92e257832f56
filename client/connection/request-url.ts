// The URLs of a server's requests. All transports make theirs here, so that a proxy that passes one of them on passes on all.

/** Schemes of a WebSocket, and of the same over HTTP. */
const schemes = {
  webSocket: { 'http:': 'ws:', 'https:': 'wss:' },
  http: { 'ws:': 'http:', 'wss:': 'https:' },
};

/**
 * The URL of a request below the address of a server, whether that ends in a slash or not: for `wss://host/sync` the WebSocket
 * has `wss://host/sync/`, and the path `session` over HTTP has `https://host/sync/session`. The query stays, the fragment
 * goes. Throws TypeError for an address that is no URL.
 */
export function requestUrl(server: string, by: keyof typeof schemes, path = ''): string {
  const url = new URL(server);
  const { protocol } = url;
  url.protocol = (schemes[by] as Readonly<Record<string, string>>)[protocol] ?? protocol;
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${path}`;
  url.hash = '';
  return url.href;
}
