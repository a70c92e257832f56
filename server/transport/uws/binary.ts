// uWebSockets.js as this binary really is. Its own types miss what we need (the listen options, the exclusive flag) and
// declare what is not there, so what is used is described here. Nothing else imports the package but through this file.

import { ConfigError } from '../../errors.js';
import { loadServerPackage } from '../../server-packages.js';

/** What `send` and `ping` answer: 0 kept in the buffer, 1 written, 2 refused because the buffer is over its limit. */
export type NativeSendStatus = 0 | 1 | 2;

/** An open WebSocket. Any use of it after its close handler has begun throws. */
export interface NativeSocket<UserData> {
  getUserData(): UserData;
  getBufferedAmount(): number;
  send(frame: Uint8Array, isBinary: boolean): NativeSendStatus;
  ping(): NativeSendStatus;
  cork(run: () => void): void;
  subscribe(topic: string): boolean;
  unsubscribe(topic: string): boolean;
  /** Publishes nothing, and says false, if this socket has never subscribed to anything. */
  publish(topic: string, frame: Uint8Array, isBinary: boolean): boolean;
  /** Calls the close handler before it returns. */
  end(code: number, reason: Uint8Array): void;
  /** Calls the close handler before it returns. */
  close(): void;
}

/** A request head, valid until the handler it was given to returns. */
export interface NativeRequest {
  getMethod(): string;
  getUrl(): string;
  getQuery(): string | undefined;
  /** The next route that fits is asked. */
  setYield(isYielded: boolean): void;
  forEach(visit: (name: string, value: string) => void): void;
}

/** An answer being made. Invalid once aborted, ended or upgraded. */
export interface NativeResponse {
  onAborted(run: () => void): void;
  onData(take: (chunk: ArrayBuffer, isLast: boolean) => void): void;
  cork(run: () => void): void;
  writeStatus(status: string): void;
  writeHeader(name: string, value: string): void;
  end(body: string | Uint8Array, closeConnection: boolean): void;
  /** Must be called without the length it can take: given one, it never finishes the answer. */
  endWithoutBody(): void;
  close(): void;
  getRemoteAddress(): ArrayBuffer;
  upgrade(
    userData: object,
    key: string,
    subprotocol: string,
    extensions: string,
    context: NativeContext,
  ): void;
}

declare const contextBrand: unique symbol;
declare const listenSocketBrand: unique symbol;
export type NativeContext = { readonly [contextBrand]: true };
export type NativeListenSocket = { readonly [listenSocketBrand]: true };

/** How an app treats its WebSockets. */
export interface NativeBehavior<UserData> {
  readonly compression: number;
  readonly maxPayloadLength: number;
  readonly maxBackpressure: number;
  readonly closeOnBackpressureLimit: boolean;
  /** 0, or 8 to 960 seconds; anything else ends the process. */
  readonly idleTimeout: number;
  readonly sendPingsAutomatically: boolean;
  upgrade(response: NativeResponse, request: NativeRequest, context: NativeContext): void;
  open(socket: NativeSocket<UserData>): void;
  message(socket: NativeSocket<UserData>, message: ArrayBuffer, isBinary: boolean): void;
  drain(socket: NativeSocket<UserData>): void;
  dropped(socket: NativeSocket<UserData>): void;
  /** `reason` is the client's, or the binary's own word where the code is 1006; it is valid until the call returns. */
  close(socket: NativeSocket<UserData>, code: number, reason: ArrayBuffer): void;
}

export interface NativeApp {
  ws<UserData>(pattern: string, behavior: NativeBehavior<UserData>): NativeApp;
  /** `track` hears of each TCP socket: 1 when it opens, and -1 when it closes and is no WebSocket. */
  filter(track: (response: NativeResponse, change: number) => void): NativeApp;
  any(pattern: string, handle: (response: NativeResponse, request: NativeRequest) => void): NativeApp;
  listen(
    address: string,
    port: number,
    options: number,
    done: (socket: NativeListenSocket | false) => void,
  ): NativeApp;
  /** Kills the process if no WebSocket route was registered. */
  publish(topic: string, frame: Uint8Array, isBinary: boolean): boolean;
  close(): void;
}

export interface UwsBinary {
  App(): NativeApp;
  SSLApp(options: {
    key_file_name: string;
    cert_file_name: string;
    passphrase?: string | undefined;
  }): NativeApp;
  us_listen_socket_close(socket: NativeListenSocket): void;
  us_socket_local_port(socket: NativeListenSocket): number;
}

/** Without it a second server on the same port succeeds and takes a share of the connections. */
export const exclusivePort = 1;

/**
 * Frames of this size and above are not collected per loop turn by the binary's topics but sent to each subscriber at
 * once.
 */
export const bigFrameBytes = 16 * 1024;

/** What the binary says of a connection that it ended because of a message over `maxPayloadLength`. */
export const tooLargeReason = 'Received too big message';

/** At most so many smaller frames wait for one subscriber in a loop turn. */
export const framesPerTurn = 32;

/** Loads the binary. Rejects with ConfigError where it is not installed, or not made for this platform or version of Node. */
export async function loadUws(): Promise<UwsBinary> {
  // Read once, when the binary loads. Its own default, 4 KiB for the whole head, is less than some cookies.
  process.env['UWS_HTTP_MAX_HEADERS_SIZE'] ??= '16384';
  try {
    const binary: unknown = await loadServerPackage('uWebSockets.js', () => import('uWebSockets.js'));
    return binary as UwsBinary;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const platform = `${process.platform}-${process.arch}, Node ${process.version}`;
    throw new ConfigError(`uWebSockets.js cannot be loaded on ${platform}`, { cause: error });
  }
}
