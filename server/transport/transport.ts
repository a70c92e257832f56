// The port to sockets and HTTP. Names no library: the folders uws and node implement it, tests have one in memory.

import type { Clock } from '../../shared/clock.js';
import type { Logger } from '../../shared/logger.js';
import type { AddressLimits } from './addresses.js';

/** What happened to a frame. sent: the kernel has it. buffered: the socket keeps it. dropped: refused, and the socket ends. */
export type SendResult = 'sent' | 'buffered' | 'dropped';

/**
 * One open WebSocket, or a socket over HTTP. Every method is safe after the socket has closed: the method then
 * does nothing (`send` answers 'dropped'). Frames are binary. The bytes given to `send` are copied before the call returns.
 */
export interface Socket {
  readonly remoteAddress: string;
  readonly isOpen: boolean;
  /** Bytes that the kernel has not taken yet; over HTTP, what the frames take that the client has not acknowledged. */
  readonly bufferedBytes: number;
  send(frame: Uint8Array): SendResult;
  /** Joins the writes made in `run` into one system call where it can. */
  cork(run: () => void): void;
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /**
   * The session calls this when the token of the connection is believed. Until then the connection is a stranger: the
   * transport holds at most `maxUnknownBytes` of it, and counts it among the strangers of its address (O4). The second
   * and later calls do nothing.
   */
  trust(): void;
  /** Begins the closing handshake, with a code and a reason (cut to 123 bytes of UTF-8). */
  close(code: number, reason: string): void;
  /** Ends the connection at once, without a handshake. */
  terminate(): void;
}

/** What the server does with a socket. Callbacks never come after `closed`, and never reenter. */
export interface SocketHandler {
  /** The bytes are only valid until the call returns: copy what is kept. */
  message(frame: Uint8Array, isBinary: boolean): void;
  /** The buffer has been written out, or has shrunk. */
  drained(): void;
  /**
   * The transport refused a frame for this socket, sent or published, because the buffer of the socket is over the limit.
   * After this gap the transport sends the socket nothing more, and terminates it. `closed` follows.
   */
  dropped(): void;
  closed(code: number): void;
}

/** An upgrade request, copied: valid for as long as it is held. */
export interface UpgradeRequest {
  /** As sent, percent escapes and all, from the first slash below the base path on, without the query. */
  readonly path: string;
  /** As sent, without the question mark; '' if there is none. */
  readonly query: string;
  /** A request header, by its name in lower case; undefined if absent. */
  header(name: string): string | undefined;
  /** The client's address: that of the socket, or the one that a trusted proxy names. */
  readonly remoteAddress: string;
}

/** The answer to an upgrade request. */
export type UpgradeDecision =
  | {
      readonly accept: true;
      /** One of the subprotocols the client offered, to be named in the answer. */
      readonly subprotocol?: string | undefined;
      /** No token is wanted of this connection: it is never a stranger. Default false. */
      readonly isTrusted?: boolean;
      /** The request brings a token, which is about to be checked. Default false. */
      readonly hasToken?: boolean;
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
  /** Decides at once. A refusal that takes longer to find is told on the open socket. A throw is logged and answered with 500. */
  upgrade(request: UpgradeRequest): UpgradeDecision;
  /** A throw or rejection is answered with 500 and logged. */
  request(request: HttpRequest): HttpReply | Promise<HttpReply>;
}

export interface TransportOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** What is in front of every path, with a slash before and none behind: '/sync'. Default '': nothing. */
  readonly basePath?: string;
  /**
   * Largest message that is received, bytes. A larger one ends the connection: over HTTP with FRAME_TOO_LARGE. On a
   * WebSocket the client is not told, as its message is not read to its end; it is told when it comes back (T18).
   */
  readonly maxMessageBytes: number;
  /** A socket that has more than this in its buffer gets nothing more, and is terminated. */
  readonly maxBufferedBytes: number;
  /** Largest HTTP request body. */
  readonly maxBodyBytes: number;
  /** How many sockets over HTTP there may be at once. */
  readonly maxHttpConnections: number;
  /** How many TCP sockets there may be at once. Default: as many as leave the store the files that it needs. */
  readonly maxOpenSockets?: number;
  /** What one address may have, and what a stranger costs. */
  readonly limits: AddressLimits;
  /** Proxies whose word on the address of a client counts: IP addresses, and networks such as '10.0.0.0/8'. */
  readonly trustedProxies: readonly string[];
  /** Seconds without a word (pings are sent and count) after which a socket is closed. */
  readonly idleTimeoutS: number;
  /** TLS: paths of the PEM files. */
  readonly tls?: {
    readonly keyFile: string;
    readonly certFile: string;
    readonly passphrase?: string | undefined;
  };
}

/** What a transport needs of the world. */
export interface TransportDependencies {
  readonly logger: Logger;
  readonly clock: Clock;
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
