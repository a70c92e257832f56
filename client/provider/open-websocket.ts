// How a connection opens WebSockets, by what the platform has or the application hands in.

import { webSockets, type OpenSocket, type WebSocketClass } from '../connection/socket.js';

interface SocketOptions {
  readonly httpFallback?: boolean | undefined;
  readonly WebSocketPolyfill?: WebSocketClass | undefined;
}

/** Throws where there is no WebSocket, and nothing else may be tried. */
export function openWebSocket({ WebSocketPolyfill, httpFallback }: SocketOptions): OpenSocket {
  const WebSocketImpl = WebSocketPolyfill ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket;
  if (WebSocketImpl !== undefined) return webSockets(WebSocketImpl);
  const problem = 'there is no WebSocket here: hand one in as WebSocketPolyfill';
  if (httpFallback === false) throw new Error(problem);
  return (_url, events) => {
    queueMicrotask(() => events.closed(1006, problem));
    return { send() {}, bufferedBytes: 0, close() {} };
  };
}
