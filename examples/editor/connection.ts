// One document's connection to the server: the stock WebsocketProvider, its token, the switch, and what the server
// refuses. Everything the page shows about the network comes from here.

import * as authProtocol from 'y-protocols/auth';
import { messageAuth, WebsocketProvider } from 'y-websocket';
import type * as Y from 'yjs';
import { RequestRefused, requestToken } from './demo-api.js';
import { ownName, ownUserId } from './identity.js';
import type { Refusal } from './refusal.js';
import { TokenKeeper } from './token-keeper.js';

const unauthorized = 4401;
const longestPauseMs = 10_000;

interface ConnectionOptions {
  readonly doc: Y.Doc;
  readonly documentName: string;
  readonly access: 'read' | 'write';
  /** The switch is off from the start. */
  readonly isCut: boolean;
  /** Called after any of the public properties changed. */
  readonly changed: () => void;
}

/** Connects, stays connected, and can be cut. Does nothing before the first `restore()`. */
export class Connection {
  readonly provider: WebsocketProvider;
  readonly access: 'read' | 'write';
  isCut: boolean;
  /** Why the connection is down, in the server's words; '' when it gave none. Undefined while nothing is wrong. */
  outage: string | undefined;
  refusal: Refusal | undefined;
  readonly #changed: () => void;
  readonly #tokens: TokenKeeper;
  /** Aborted by the switch; everything that waits for the network waits on it. */
  #line = new AbortController();
  #rejectedTokens = 0;

  constructor({ doc, documentName, access, isCut, changed }: ConnectionOptions) {
    this.access = access;
    this.isCut = isCut;
    this.#changed = changed;
    const server = new URL('demo', document.baseURI);
    server.protocol = server.protocol === 'https:' ? 'wss:' : 'ws:';
    this.provider = new WebsocketProvider(server.href, encodeURIComponent(documentName), doc, {
      connect: false,
      // Windows of one browser would pass edits to each other, also while cut. Here the server does all of it.
      disableBc: true,
    });
    this.#tokens = new TokenKeeper(
      (signal) => requestToken({ name: ownName(), user: ownUserId(), access }, signal),
      (token) => {
        this.provider.protocols = ['heddle', token];
      },
    );
    this.#listen();
  }

  get isSynced(): boolean {
    return this.provider.synced;
  }

  /** Whether an edit made now reaches the server and may be kept there. */
  get takesEdits(): boolean {
    return this.isSynced && this.access === 'write';
  }

  /** Cuts the line: no socket, no request, until {@link restore}. */
  cut(): void {
    this.isCut = true;
    this.outage = undefined;
    this.#line.abort();
    this.provider.disconnect();
    this.#changed();
  }

  /** Connects again, with a token that is good. */
  restore(): void {
    this.isCut = false;
    this.#rejectedTokens = 0;
    this.#reconnect((signal) => this.#tokens.ensure(signal));
  }

  /** Tries again after a refusal, with a new token. */
  retry(): void {
    this.#rejectedTokens = 0;
    this.#reconnect((signal) => this.#tokens.renew(signal));
  }

  close(): void {
    this.#line.abort();
    this.provider.destroy();
  }

  #reconnect(getToken: (signal: AbortSignal) => Promise<void>): void {
    this.#line.abort();
    this.#line = new AbortController();
    this.refusal = undefined;
    this.outage = undefined;
    this.#changed();
    void this.#connectWithToken(getToken, this.#line.signal);
  }

  async #connectWithToken(
    getToken: (signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await getToken(signal);
        if (!signal.aborted) this.provider.connect();
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof RequestRefused && error.isFinal) {
          this.#refuse({ what: 'connection', reason: error.message });
          return;
        }
        this.outage = '';
        this.#changed();
        await pause(Math.min(500 * 2 ** attempt, longestPauseMs), signal);
      }
    }
  }

  #listen(): void {
    const { provider } = this;
    provider.on('sync', (isSynced) => this.#onSync(isSynced));
    provider.on('status', ({ status }) => this.#onStatus(status));
    provider.on('connection-error', () => this.#onBroken(''));
    provider.on('connection-close', (event) => this.#onBroken(event?.reason ?? ''));
    provider.on('closed', (event) => this.#onRefusedConnection(event));
    // y-websocket only logs refusals. `messageHandlers` is this provider's own copy, so this replaces nobody else's.
    provider.messageHandlers[messageAuth] = (_encoder, decoder) => {
      authProtocol.readAuthMessage(decoder, provider.doc, (_doc, reason: string) =>
        this.#refuse({ what: 'edit', reason }),
      );
    };
  }

  #onSync(isSynced: boolean): void {
    if (isSynced) {
      this.outage = undefined;
      this.#rejectedTokens = 0;
      // The others dropped us at this very clock when we left, and ignore us until we say something newer.
      const { awareness } = this.provider;
      awareness.setLocalState(awareness.getLocalState());
    }
    this.#changed();
  }

  #onStatus(status: string): void {
    if (status === 'disconnected') {
      // The provider drops the others' states but keeps their clocks, and would ignore them on its return until each has
      // renewed its state, which takes up to 15 s.
      const { meta, clientID } = this.provider.awareness;
      for (const id of meta.keys()) if (id !== clientID) meta.delete(id);
    }
    this.#changed();
  }

  #onBroken(reason: string): void {
    if (!this.isCut && this.provider.shouldConnect) this.outage = reason;
    this.#changed();
  }

  /** A close code 44xx: the provider has stopped. An expired token is replaced once; all else is for the reader. */
  #onRefusedConnection({ code, reason }: { code: number; reason: string }): void {
    if (code === unauthorized && this.#rejectedTokens++ === 0) {
      this.#reconnect((signal) => this.#tokens.renew(signal));
      return;
    }
    this.#refuse({ what: 'connection', reason: reason === '' ? `closed with code ${code}` : reason });
  }

  #refuse(refusal: Refusal): void {
    this.refusal = refusal;
    this.#changed();
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
