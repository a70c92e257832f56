// One connection to a server, as an application sees it: for all documents that are open there, with its token, awake when
// the page is. Wanted as long as somebody retains it, unless the application has disconnected it.

import { ObservableV2 } from 'lib0/observable';
import { systemClock } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import { Connection, type ConnectionReason } from '../connection/connection.js';
import type { ConnectionState } from '../connection/connection-state.js';
import { webSockets, type WebSocketClass } from '../connection/socket.js';
import { deviceId } from '../platform/device.js';
import { listenToPage } from '../platform/page-events.js';
import { TokenSource, type Token } from '../token/token-source.js';

export interface HeddleConnectionOptions {
  /** A JWT, or how to get one: called again before it expires. */
  readonly token?: Token | undefined;
  /** A name for this browser, the same each time. Default: an id kept in localStorage. */
  readonly device?: string | undefined;
  /** Where there is no global WebSocket, as in Node before 22. */
  readonly WebSocketPolyfill?: WebSocketClass | undefined;
}

export interface HeddleConnectionEvents {
  /** Open, and the server believes the token; or not any more. */
  connected: (isConnected: boolean) => void;
  state: (state: ConnectionState) => void;
  /** A socket has ended, or could not be opened. */
  ended: (reason: ConnectionReason) => void;
  /** The token counts until then, s since the epoch by the server's clock; 0 for ever. */
  authenticated: (expiresAt: number) => void;
  /** There is a new token: what was refused may be allowed now. */
  renewed: () => void;
}

const agent = 'heddle/0.1';

export class HeddleConnection extends ObservableV2<HeddleConnectionEvents> {
  readonly url: string;
  /** For the providers; not part of the public API. */
  readonly wire: Connection;
  /** Names of the documents that are open on it: each can be once. */
  readonly names = new Set<string>();
  readonly #tokens: TokenSource;
  readonly #users = new Set<object>();
  readonly #undo: () => void;
  #isHeld = false;
  #wasConnected = false;

  /** `url` is the server's: ws, wss, http or https. */
  constructor(url: string, options: HeddleConnectionOptions = {}) {
    super();
    this.url = serverUrl(url);
    this.#tokens = new TokenSource({ token: options.token });
    this.wire = new Connection({
      url: this.url,
      token: () => this.#tokens.get(),
      device: options.device ?? deviceId(),
      agent,
      openSocket: webSockets(options.WebSocketPolyfill ?? platformWebSocket()),
      clock: systemClock,
      random: Math.random,
    });
    this.wire.on('state', (state) => this.#stateChanged(state));
    this.wire.on('ended', (reason) => this.emit('ended', [reason]));
    this.wire.on('authenticated', (expiresAt) => this.emit('authenticated', [expiresAt]));
    this.#undo = listenToPage({ woke: () => this.wire.nudge() });
  }

  get connected(): boolean {
    return this.wire.state === 'open';
  }

  get state(): ConnectionState {
    return this.wire.state;
  }

  /** Why the last connection ended, or could not be opened; undefined while it is open. */
  get reason(): ConnectionReason | undefined {
    return this.wire.reason;
  }

  /** What it runs over; undefined while it is not open. */
  get transport(): 'websocket' | 'http' | undefined {
    return this.connected ? 'websocket' : undefined;
  }

  /** What to add to this device's time to get the server's, ms. */
  get serverTimeOffset(): number {
    return this.wire.serverTimeOffset;
  }

  /** Connects now, also after `disconnect` and where trying again was of no use. */
  connect(): void {
    this.#isHeld = false;
    this.wire.connect();
    this.wire.nudge();
  }

  /** Stays disconnected until `connect`. */
  disconnect(): void {
    this.#isHeld = true;
    this.wire.disconnect();
  }

  /** Connected for this user, until it is released. */
  retain(user: object): void {
    this.#users.add(user);
    if (!this.#isHeld && this.wire.state === 'idle') this.wire.connect();
  }

  release(user: object): void {
    if (this.#users.delete(user) && this.#users.size === 0) this.wire.disconnect();
  }

  override destroy(): void {
    this.#undo();
    this.wire.destroy();
    this.#tokens.destroy();
    super.destroy();
  }

  #stateChanged(state: ConnectionState): void {
    this.emit('state', [state]);
    if (this.connected === this.#wasConnected) return;
    this.#wasConnected = this.connected;
    this.emit('connected', [this.connected]);
  }
}

/** The address of the native protocol. Throws SyncError for what is no address of a server. */
function serverUrl(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url, (globalThis as { location?: Location }).location?.href);
  } catch (error) {
    throw new SyncError('NAME_INVALID', `${url} is not the address of a server`, { cause: error });
  }
  parsed.protocol = parsed.protocol === 'https:' || parsed.protocol === 'wss:' ? 'wss:' : 'ws:';
  return parsed.href;
}

function platformWebSocket(): WebSocketClass {
  const { WebSocket } = globalThis as { WebSocket?: WebSocketClass };
  if (WebSocket === undefined)
    throw new Error('there is no WebSocket here: hand one in as WebSocketPolyfill');
  return WebSocket;
}
