// The port to sockets and HTTP. Names no library: uws.ts implements it, tests have one in memory.

/** What happened to a frame: in the kernel's hands, kept in the socket's buffer, or refused (the socket is then dead). */
export type SendResult = 'sent' | 'buffered' | 'dropped';

/**
 * One open WebSocket, or what stands for one over HTTP. Every method is safe after the socket has closed: the method then
 * does nothing (`send` answers 'dropped'). Frames are binary. The bytes given to `send` are copied before the call returns.
 */
export interface Socket {
  readonly remoteAddress: string;
  readonly isOpen: boolean;
  /** Bytes not yet taken by the kernel; over HTTP, not acknowledged by the client. */
  readonly bufferedBytes: number;
  send(frame: Uint8Array): SendResult;
  /** Joins the writes made in `run` into one system call where it can. */
  cork(run: () => void): void;
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /** Closing handshake with a code and a reason (cut to 123 bytes of UTF-8). */
  close(code: number, reason: string): void;
  /** Gone at once, without a handshake. */
  terminate(): void;
}

/** What the server does with a socket. Callbacks never come after `closed`, and never reenter. */
export interface SocketHandler {
  /** The bytes are only valid until the call returns: copy what is kept. */
  message(frame: Uint8Array, isBinary: boolean): void;
  /** The buffer has been written out, or has shrunk. */
  drained(): void;
  /**
   * A frame for this socket, sent or published, was refused because its buffer is over the limit. There is a gap in what
   * it gets: nothing more is sent to it, and the transport terminates it. `closed` follows.
   */
  dropped(): void;
  closed(code: number): void;
}

/** An upgrade request, copied: valid for as long as it is held. */
export interface UpgradeRequest {
  /** As sent, percent escapes and all, from the first slash on, without the query. */
  readonly path: string;
  /** As sent, without the question mark; '' if there is none. */
  readonly query: string;
  /** A request header, by its name in lower case; undefined if absent. */
  header(name: string): string | undefined;
  readonly remoteAddress: string;
}

/** The answer to an upgrade request. */
export type UpgradeDecision =
  | {
      readonly accept: true;
      /** One of the subprotocols the client offered, to be named in the answer. */
      readonly subprotocol?: string | undefined;
      /** Called once the socket is open. */
      open(socket: Socket): SocketHandler;
    }
  | { readonly accept: false; readonly status: number; readonly body: string };

/** An HTTP request, copied. The body is bounded by the transport. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  header(name: string): string | undefined;
  readonly remoteAddress: string;
  /** The whole body. Rejects with SyncError FRAME_TOO_LARGE over the limit, or when the client has gone. */
  body(): Promise<Uint8Array>;
}

export interface HttpReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** What the transport calls. */
export interface TransportHandler {
  /** Decides at once; what takes longer to find out is told on the open socket. A throw is answered with 500 and logged. */
  upgrade(request: UpgradeRequest): UpgradeDecision;
  /** A throw or rejection is answered with 500 and logged. */
  request(request: HttpRequest): HttpReply | Promise<HttpReply>;
}

export interface TransportOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Largest message a client may send, in bytes; larger ones end the connection. */
  readonly maxMessageBytes: number;
  /** A socket with more than this unsent gets nothing more and is terminated. */
  readonly maxBufferedBytes: number;
  /** Largest HTTP request body. */
  readonly maxBodyBytes: number;
  /** Clients that may be connected over HTTP at once, because they cannot open a WebSocket. */
  readonly maxHttpConnections: number;
  /** Seconds without a word (pings are sent and count) after which a socket is closed. */
  readonly idleTimeoutS: number;
  /** TLS: paths of the PEM files. */
  readonly tls?: {
    readonly keyFile: string;
    readonly certFile: string;
    readonly passphrase?: string | undefined;
  };
}

/** A listening server. */
export interface Transport {
  readonly port: number;
  /**
   * Gives a binary frame to every subscriber of the topic once, but not to the socket `except`. The state of `except` does
   * not matter to the other subscribers: it may be open, refused a frame a moment ago, closing, closed, or a socket that
   * never subscribed. The bytes are copied before the call returns.
   */
  publish(topic: string, frame: Uint8Array, except?: Socket): void;
  subscribers(topic: string): number;
  /** Accepts no new connections from now on. */
  stopListening(): void;
  /** Stops listening and terminates what is still open. */
  close(): void;
}
