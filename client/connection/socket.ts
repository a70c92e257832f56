// The port to whatever carries frames to the server and back, and WebSocket behind it.

import { requestUrl } from './request-url.js';

/** What becomes of a socket. `closed` comes once, and last. */
export interface SocketEvents {
  opened(): void;
  frame(bytes: Uint8Array): void;
  /** `code` and `reason` as in a WebSocket's close event; 1006 when it ended without a word. */
  closed(code: number, reason: string): void;
}

export interface ClientSocket {
  /** What was sent before `opened`, or after the end, is lost. */
  send(frame: Uint8Array): void;
  /** Bytes that have not left yet. */
  readonly bufferedBytes: number;
  /** Nothing is heard of it any more. */
  close(): void;
}

/**
 * Begins to open a socket. Never throws: what goes wrong is told by `closed`. `token`: the one that `hello` will say, for
 * transports where the server decides by the first request how much a client may send; '' for none.
 */
export type OpenSocket = (url: string, events: SocketEvents, token?: string) => ClientSocket;

/**
 * What is needed of a WebSocket class: the browser's, Node's, the package ws, or one of the application's. `protocols` are
 * the subprotocols to offer. A class that leaves them out works, but the first message of a client may then be refused
 * once, if it is above 64 KB.
 */
export type WebSocketClass = new (url: string, protocols?: string[]) => WebSocketLike;

interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  addEventListener(type: 'open' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void;
  send(data: Uint8Array): void;
  close(code?: number): void;
}

const openState = 1;

/** Longer tokens are not offered as a subprotocol, characters: servers and proxies take headers of some KB only. */
const maxOfferedToken = 4_096;
/** Three base64url parts between two dots: what a server takes for a token, and what a subprotocol may be. */
const offeredShape = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** The subprotocols that tell a token to the server before the socket opens; undefined where that cannot be told. */
function protocolsFor(token: string): string[] | undefined {
  return token.length <= maxOfferedToken && offeredShape.test(token) ? ['heddle', token] : undefined;
}

/**
 * Opens WebSockets. The token is offered as a subprotocol. Something between here and the server may not let that through:
 * after a socket that has offered a token and did not open, the next one offers none; after one that has offered none and
 * did not open, the next one offers its token again.
 */
export function webSockets(WebSocketImpl: WebSocketClass): OpenSocket {
  let offers = true;
  return (url, events, token = '') => {
    let socket: WebSocketLike | undefined;
    let hasOpened = false;
    const offerable = protocolsFor(token);
    const protocols = offers ? offerable : undefined;
    const failed = (): void => {
      if (offerable !== undefined && !hasOpened) offers = protocols === undefined;
    };
    const end = (code: number, reason: string): void => {
      if (socket === undefined) return;
      socket = undefined;
      failed();
      events.closed(code, reason);
    };
    try {
      const target = requestUrl(url, 'webSocket');
      const opening =
        protocols === undefined ? new WebSocketImpl(target) : new WebSocketImpl(target, protocols);
      socket = opening;
      opening.binaryType = 'arraybuffer';
      opening.addEventListener('open', () => {
        hasOpened = true;
        if (socket !== undefined) events.opened();
      });
      opening.addEventListener('message', ({ data }) => {
        if (socket === undefined) return;
        if (data instanceof ArrayBuffer) events.frame(new Uint8Array(data));
        else end(1003, 'the server sent text');
      });
      opening.addEventListener('close', ({ code, reason }) => end(code, reason));
      // What it is about comes with the close; but an error that nobody hears would be thrown by some implementations.
      opening.addEventListener('error', () => {});
    } catch (error) {
      // A URL that is none, one the page's policy forbids, or subprotocols that the class does not take.
      failed();
      queueMicrotask(() => events.closed(1006, error instanceof Error ? error.message : String(error)));
    }
    return {
      send(frame) {
        if (socket?.readyState === openState) socket.send(frame);
      },
      get bufferedBytes() {
        return socket?.bufferedAmount ?? 0;
      },
      close() {
        const closing = socket;
        socket = undefined;
        closing?.close(1000);
      },
    };
  };
}
