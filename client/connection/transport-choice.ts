// Which way a connection is tried: by WebSocket, or over HTTP where WebSockets do not work. Owns what it has seen of both, and
// when a WebSocket is tried beside a connection over HTTP; the connection opens the sockets.

import { GuardedObservable } from '../platform/guarded.js';
import type { Clock, Timer } from '../../shared/clock.js';
import type { ClientSocket, OpenSocket, SocketEvents } from './socket.js';
import { watchedSocket } from './watched-socket.js';

export type TransportKind = 'websocket' | 'http';

export interface TransportChoiceDeps {
  readonly webSocket: OpenSocket;
  /** Undefined where there is no way but WebSockets. */
  readonly http: OpenSocket | undefined;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

/** How soon WebSockets are suspected: failures in a row, and how long an opening may take, ms. */
const suspicion = {
  /** None has worked yet. */
  unproven: { failures: 2, slowMs: 4_000 },
  /** Some have: it is rather the network or the server. */
  proven: { failures: 4, slowMs: 12_000 },
};
/**
 * While over HTTP, how long until a WebSocket is tried beside; each time in vain, twice as long. Where WebSockets have
 * worked before it was rather the server that was away, and HTTP just happened to be tried when it came back.
 */
const firstProbeMs = 60_000;
const provenProbeMs = 1_000;
const maxProbeMs = 30 * 60_000;
/** HTTP, when it is asked beside, is to answer in this time. */
const probingMs = 10_000;

/** A WebSocket that is to be tried beside the connection over HTTP. */
export interface Trial {
  readonly openSocket: OpenSocket;
  /** To be called when it is known whether the connection goes on over the WebSocket. */
  readonly ended: (hasMoved: boolean) => void;
}

interface Events {
  /** Now is the time for a WebSocket beside. Only one that the server is heard on works. */
  trial: (trial: Trial) => void;
}

export class TransportChoice extends GuardedObservable<Events> {
  readonly #deps: TransportChoiceDeps;
  #current: TransportKind = 'websocket';
  #next: TransportKind = 'websocket';
  /** WebSockets in a row that did not work. */
  #failures = 0;
  #isProven = false;
  #probeMs = firstProbeMs;
  /** On the monotonic clock; undefined until there is a reason to. */
  #probeAt: number | undefined;
  #timer: Timer | undefined;
  #stopProbe: (() => void) | undefined;
  #isDestroyed = false;

  constructor(deps: TransportChoiceDeps) {
    super();
    this.#deps = deps;
  }

  /** That of the last attempt. */
  get current(): TransportKind {
    return this.#current;
  }

  /** Opens a socket, the way that is due. */
  readonly openSocket: OpenSocket = (url, events, token) => {
    this.#current = this.#next;
    const { http, webSocket } = this.#deps;
    const open =
      (one: OpenSocket): OpenSocket =>
      (to, its) =>
        one(to, its, token);
    return this.#current === 'http' && http !== undefined
      ? this.#openHttp(open(http), url, events)
      : this.#openWebSocket(open(webSocket), url, events);
  };

  override destroy(): void {
    this.#isDestroyed = true;
    this.#stopProbing();
    super.destroy();
  }

  #openWebSocket(webSocket: OpenSocket, url: string, events: SocketEvents): ClientSocket {
    const { clock, http } = this.#deps;
    const { slowMs } = this.#suspicion;
    const startedAt = clock.monotonic();
    const socket = watchedSocket(webSocket, url, events, {
      // Some proxies let it open, and nothing through: the greeting gets as much time as the opening.
      opened: () => suspect(),
      heard: () => {
        this.#stopProbing();
        this.#proven();
      },
      ended: ({ hasOpened, hasSent, hasHeard, isByCaller }) => {
        this.#stopProbing();
        const isMute = hasOpened && hasSent && clock.monotonic() - startedAt >= slowMs;
        if (!hasHeard && (isMute || !isByCaller)) this.#failed();
      },
    });
    // Perhaps the server is away: only if it answers over HTTP it is the WebSocket that does not work.
    const suspect = (): void => {
      this.#stopProbing();
      this.#timer = clock.after(slowMs, () =>
        this.#probe(http, url, (hasOpened) => {
          if (!hasOpened) return;
          this.#turnTo('http');
          socket.giveUp('WebSockets do not work here');
        }),
      );
    };
    suspect();
    return socket;
  }

  #openHttp(http: OpenSocket, url: string, events: SocketEvents): ClientSocket {
    const { clock } = this.#deps;
    const startedAt = clock.monotonic();
    return watchedSocket(http, url, events, {
      opened: () => this.#planProbe(url),
      heard: () => {},
      ended: ({ hasOpened, hasSent, hasHeard, isByCaller }) => {
        this.#stopProbing();
        // A socket that was let go of at once, for a newer token, has proved nothing.
        const isMute = hasOpened && hasSent && clock.monotonic() - startedAt >= this.#suspicion.slowMs;
        // It is not the WebSocket, then: the server is away, or the network.
        if (!hasHeard && (isMute || !isByCaller)) this.#turnTo('websocket');
      },
    });
  }

  get #suspicion(): { failures: number; slowMs: number } {
    return this.#isProven ? suspicion.proven : suspicion.unproven;
  }

  #turnTo(kind: TransportKind): void {
    this.#failures = 0;
    if (this.#deps.http !== undefined) this.#next = kind;
  }

  #proven(): void {
    this.#isProven = true;
    this.#failures = 0;
    this.#probeMs = provenProbeMs;
    this.#probeAt = undefined;
  }

  #failed(): void {
    this.#failures++;
    if (this.#failures >= this.#suspicion.failures) this.#turnTo('http');
  }

  #planProbe(url: string): void {
    const { clock, random } = this.#deps;
    if (this.#isDestroyed) return;
    // A connection that is lost and comes back does not put it off.
    this.#probeAt ??= clock.monotonic() + this.#probeMs * (0.75 + random() / 2);
    this.#timer = clock.after(Math.max(0, this.#probeAt - clock.monotonic()), () => this.#tryWebSocket(url));
  }

  #tryWebSocket(url: string): void {
    this.#probeAt = undefined;
    this.#probeMs = Math.min(2 * this.#probeMs, maxProbeMs);
    const openSocket: OpenSocket = (to, events, token) =>
      watchedSocket((at, its) => this.#deps.webSocket(at, its, token), to, events, {
        opened: () => {},
        heard: () => this.#proven(),
        // Its end says nothing against WebSockets: either the server was heard on it, or the connection goes on over HTTP.
        ended: () => {},
      });
    const ended = (hasMoved: boolean): void => {
      if (!hasMoved) return this.#planProbe(url);
      this.#turnTo('websocket');
      this.#current = 'websocket';
    };
    this.emit('trial', [{ openSocket, ended }]);
  }

  /** Opens a socket over HTTP beside to see whether it does, and closes it. */
  #probe(openSocket: OpenSocket | undefined, url: string, done: (hasOpened: boolean) => void): void {
    if (openSocket === undefined || this.#isDestroyed) return;
    let isOver = false;
    const end = (hasOpened: boolean | undefined): void => {
      if (isOver) return;
      isOver = true;
      timer.cancel();
      socket.close();
      if (hasOpened !== undefined) done(hasOpened);
    };
    const timer = this.#deps.clock.after(probingMs, () => end(false));
    const socket = openSocket(url, {
      opened: () => end(true),
      frame: () => {},
      closed: () => end(false),
    });
    this.#stopProbe = () => end(undefined);
  }

  #stopProbing(): void {
    this.#timer?.cancel();
    this.#stopProbe?.();
    this.#timer = undefined;
    this.#stopProbe = undefined;
  }
}
