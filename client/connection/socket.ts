// The port to whatever carries frames to the server and back, and WebSocket behind it.

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

/** Begins to open a socket. Never throws: what goes wrong is told by `closed`. */
export type OpenSocket = (url: string, events: SocketEvents) => ClientSocket;

/** What is needed of a WebSocket class: the browser's, Node's, or the package ws. */
export type WebSocketClass = new (url: string) => WebSocketLike;

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

export function webSockets(WebSocketImpl: WebSocketClass): OpenSocket {
  return (url, events) => {
    let socket: WebSocketLike | undefined;
    const end = (code: number, reason: string): void => {
      if (socket === undefined) return;
      socket = undefined;
      events.closed(code, reason);
    };
    try {
      const opening = new WebSocketImpl(url);
      socket = opening;
      opening.binaryType = 'arraybuffer';
      opening.addEventListener('open', () => {
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
      // A URL that is none, or one the page's policy forbids.
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
