// One connection to a server, as an application sees it: for all documents that are open there, with its token, awake when
// the page is. Wanted as long as somebody retains it, unless the application has disconnected it.

import { ClosedError } from '../platform/closed-error.js';
import { GuardedObservable } from '../platform/guarded.js';
import { Settled } from '../platform/settled.js';
import { systemClock } from '../../shared/clock.js';
import { documentOfRights, parseDocumentName, type DocumentName } from '../../shared/document-name.js';
import { randomSecret } from '../../shared/random.js';
import { Connection, type ConnectionReason } from '../connection/connection.js';
import type { ConnectionState } from '../connection/connection-state.js';
import { longPoll } from '../connection/long-poll.js';
import type { WebSocketClass } from '../connection/socket.js';
import { TransportChoice } from '../connection/transport-choice.js';
import { ownerOf, type CopyOwner } from '../offline/copy-owner.js';
import { KnownUser } from '../offline/known-users.js';
import { claimsOf, userOf } from '../token/claims.js';
import { browserDeps } from '../offline/offline-copies.js';
import { OfflineError } from '../offline/offline-error.js';
import { beginWipe, finishWipe, isWipeUnfinished } from '../offline/wipe.js';
import { platformDeflation } from '../platform/deflation.js';
import { deviceSecret } from '../platform/device.js';
import { isPageHidden, listenToPage } from '../platform/page-events.js';
import { isFinal, TokenSource, type TokenOption } from '../token/token-source.js';
import { untilSynced, type BeforeWipe, type ConnectionUser } from './before-wipe.js';
import { refuseForeign } from './foreign-options.js';
import { openCopy, type CopyOptions } from './open-copy.js';
import { openWebSocket } from './open-websocket.js';
import { serverUrl } from './server-url.js';
import { StoredDocument } from './stored-document.js';

export interface HeddleConnectionOptions {
  /**
   * A JWT, or how to get one: called again before it expires, with the documents it is wanted for, why, and a signal.
   */
  readonly token?: TokenOption | undefined;
  /** The localStorage key under which the application keeps its token: it is read from there, and again when it changes. */
  readonly tokenStorageKey?: string | undefined;
  /**
   * Who the token is for, where a page has several users: documents of different users never share a connection. Any name that
   * is always the same for the same user: with it, that user's copies can be shown before a token is there.
   */
  readonly user?: string | undefined;
  /**
   * A secret of this device, the same each time, of 32 to 256 characters: with it a Y.Doc can go on under another user.
   * Default: a random one for each server, kept in localStorage.
   */
  readonly device?: string | undefined;
  /** What lists of the user's devices call this one, 'Ada’s phone' for example, until the user gives it another name. */
  readonly deviceName?: string | undefined;
  /** What this device runs on, for the same lists. Default: what a browser says of itself. */
  readonly devicePlatform?: string | undefined;
  /** Goes over HTTP where no WebSocket can be opened, and back when it can. Default true. */
  readonly httpFallback?: boolean | undefined;
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
  /** What to add to this device's time to get the server's has changed, ms. */
  'server-time-offset': (offsetMs: number) => void;
  /** There is a new token: what was refused may be allowed now. */
  renewed: () => void;
  /** For the providers: documents that `covers` said no of may be asked for now. */
  covered: () => void;
  /** A new token was wanted, and could not be had. */
  'token-failed': (error: Error) => void;
  /** In this tab or another; `wipe`: the copies on this device are to go. */
  'logged-out': (options: { wipe: boolean }) => void;
  /** `destroy` was called: nothing is told any more. */
  destroy: () => void;
}

const agent = 'heddle/0.1';

export class HeddleConnection extends GuardedObservable<HeddleConnectionEvents> {
  readonly url: string;
  /** For the providers; not part of the public API. */
  readonly wire: Connection;
  /** Names of the documents that are open on it: each can be once. */
  readonly names = new Set<string>();
  readonly #tokens: TokenSource;
  readonly #known: KnownUser;
  readonly #isUserNamed: boolean;
  readonly #transports: TransportChoice;
  readonly #users = new Set<ConnectionUser>();
  readonly #keeping = new Set<StoredDocument>();
  readonly #undo: () => void;
  #isCovering = false;
  #isHeld = false;
  #isLoggedOut = false;
  readonly #gone = new Settled();
  #isDestroyed = false;
  #wasConnected = false;
  #wiping: Promise<void> | undefined;

  /** `url` is the server's: ws, wss, http or https. */
  constructor(url: string, options: HeddleConnectionOptions = {}) {
    super();
    refuseForeign('HeddleConnection', options);
    this.url = serverUrl(url);
    const clock = systemClock;
    const { random } = Math;
    const { token, tokenStorageKey: storageKey, user } = options;
    this.#known = new KnownUser(this.url, user);
    this.#isUserNamed = user !== undefined;
    const documents = (): readonly string[] => this.documents;
    this.#tokens = new TokenSource({ token, storageKey, scope: this.url, documents, clock, random });
    this.#transports = new TransportChoice({
      webSocket: openWebSocket(options),
      http: options.httpFallback === false ? undefined : longPoll(fetch, clock),
      clock,
      random,
    });
    this.wire = new Connection({
      url: this.url,
      token: () => this.#tokens.get(),
      device: options.device ?? deviceSecret(this.url),
      agent,
      about: options,
      newSession: randomSecret,
      openSocket: this.#transports.openSocket,
      deflation: platformDeflation(),
      isHidden: isPageHidden,
      clock,
      random,
    });
    this.#listenToWire();
    this.#listenToTokens();
    if (isWipeUnfinished()) this.#finishWipe().catch(() => {}); // Tried again by the next page, and before a copy is opened.
    this.#transports.on('trial', ({ openSocket, ended }) => this.wire.moveTo(openSocket, ended));
    this.#undo = listenToPage({
      woke: () => {
        this.#tokens.woke();
        this.wire.nudge();
      },
      // Browsers keep no page for the way back that has a socket.
      stored: () => {
        for (const one of this.#keeping) one.putAway();
        this.wire.disconnect();
      },
      restored: () => this.#connectIfWanted(),
    });
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
    return this.connected ? this.#transports.current : undefined;
  }

  /** What to add to this device's time to get the server's, ms. */
  get serverTimeOffset(): number {
    return this.wire.serverTimeOffset;
  }

  /**
   * Asks the application behind the server for something: its `onCall` hook answers. `documentName` is that of a document which is
   * open on this connection. Rejects with SyncError when the call is refused, and with an Error while the connection is not
   * open, or when it ends before the answer.
   */
  call(
    method: string,
    body = new Uint8Array(0),
    { documentName }: { documentName?: string } = {},
  ): Promise<Uint8Array> {
    return this.wire.call(method, body, documentName);
  }

  /**
   * Makes the copy of a document on this device and the server's document the same, without opening it: what was written here
   * and never sent is sent, what is missing here is fetched and stored. Resolves when both are so. Rejects with SyncError
   * where the server refuses something, with OfflineError where there is no copy to be had, and when `signal` aborts. Waits
   * while there is no connection. The document must not be open on this connection; when it is opened there meanwhile, or the page is put away, `keep` gives way and rejects.
   */
  async keep(
    documentName: string,
    { offline = true, signal }: { offline?: true | CopyOptions; signal?: AbortSignal } = {},
  ): Promise<void> {
    signal?.throwIfAborted();
    if (this.#isDestroyed) return this.#gone.promise;
    const name = parseDocumentName(documentName);
    if (this.names.has(name)) throw new Error(`${name} is open on this connection`);
    const owner = (): Promise<CopyOwner> => this.owner();
    const document = new StoredDocument({
      name,
      connection: this,
      openCopy: (encodeDocument) => {
        const copy = openCopy(name, encodeDocument, offline, { owner });
        if (copy === undefined) throw new OfflineError('OFFLINE_UNAVAILABLE', 'there is no IndexedDB here');
        return copy;
      },
      clock: systemClock,
      random: Math.random,
    });
    const end = (): void => document.destroy();
    signal?.addEventListener('abort', end);
    this.#keeping.add(document);
    try {
      await document.kept;
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      this.#keeping.delete(document);
      signal?.removeEventListener('abort', end);
      end();
    }
  }

  /**
   * From now on tokens come from there. One that is a text takes the place of the one in use; a function is asked when the
   * next one is due.
   */
  useToken(token: TokenOption): void {
    this.#tokens.use(token);
  }

  /** Asks the application for a token now, and hands it to the server. Rejects with what went wrong. */
  renewToken(): Promise<void> {
    const renewed = this.#isDestroyed ? undefined : this.#tokens.renew();
    return Promise.race([this.#gone.promise, ...(renewed === undefined ? [] : [renewed])]);
  }

  /**
   * For the providers: the document may be asked for now. False where the token in use was not asked for with it: then one
   * that is, is asked for, and `covered` is told.
   */
  covers(name: string): boolean {
    if (
      this.#isLoggedOut ||
      !this.names.has(name) ||
      !this.#tokens.lacks(documentOfRights(name as DocumentName))
    )
      return true;
    if (!this.#isCovering) {
      this.#isCovering = true;
      void this.#coverAll().then(() => {
        this.#isCovering = false;
        this.emit('covered', []);
      });
    }
    return false;
  }

  /** For the providers: the token that is known without asking; undefined while nobody knows. */
  get token(): string | undefined {
    return this.#tokens.known;
  }

  /** For the providers: the documents that are open, as a token function is told of them. */
  get documents(): readonly string[] {
    return [...new Set([...this.names].map((name) => documentOfRights(name as DocumentName)))];
  }

  /**
   * For the providers: with which server and user a document is kept. As the server has said on this connection; before that as
   * the token says, which is waited for as long as it may come. Where none can be had now, this device's memory counts; where
   * the application says that there is none, nobody. `own`: the token that speaks for the document, where it is not the
   * connection's.
   */
  async owner(own?: Promise<string>): Promise<CopyOwner> {
    const isKnown = this.#isLoggedOut || (this.#isUserNamed && this.#known.get().user !== undefined);
    let token = own === undefined ? this.#tokens.known : undefined;
    let isNobody = false;
    try {
      if (!isKnown) token ??= await (own ?? this.#tokens.word());
    } catch (error) {
      isNobody = isFinal(error);
    }
    const { welcome } = this.wire;
    if (own === undefined && this.connected && welcome !== undefined) return ownerOf(this.url, welcome);
    const { url, server, user } = this.#known.get();
    if (isNobody) return { url, server };
    return { url, server, user: (token === undefined ? undefined : userOf(token)) ?? user };
  }

  /** For the providers: the document is open on it, and not only kept (K57). */
  isOpen(name: string): boolean {
    return this.names.has(name) && ![...this.#keeping].some((one) => one.name === name);
  }

  get isDestroyed(): boolean {
    return this.#isDestroyed;
  }

  /** The application says that somebody has to log in first (`LoginRequired`). */
  get isLoginRequired(): boolean {
    return this.#tokens.isLoginRequired;
  }

  /** What the token says that the server believes, if it is a JWT; undefined before there is one. `authenticated` tells of another. */
  get claims(): Readonly<Record<string, unknown>> | undefined {
    return claimsOf(this.wire.tokenInForce);
  }

  /** For the providers: it was given more documents than the server opens on it. */
  get isOverfull(): boolean {
    return this.names.size > this.wire.limits.maxDocuments;
  }

  /** For the providers: somebody may be logging in. */
  get isAskingForToken(): boolean {
    return this.#tokens.isAsking;
  }

  /** It is not tried again until something changes, and no new token is on its way. */
  get isStuck(): boolean {
    return this.wire.state === 'blocked' && !this.#tokens.isAsking;
  }

  /** Somebody has logged out, here or in another tab, and nobody in again. */
  get isLoggedOut(): boolean {
    return this.#isLoggedOut;
  }

  /**
   * Connects now, also after `disconnect`, and where trying again was of no use. After `logout` the token is asked for anew;
   * what goes wrong then is told by `token-failed`. Does nothing after `destroy`.
   */
  connect(): void {
    if (this.#isDestroyed) return;
    this.#isHeld = false;
    if (this.#isLoggedOut) return void this.#comeBack();
    this.wire.connect();
    this.wire.nudge();
  }

  /** Stays disconnected until `connect`. */
  disconnect(): void {
    this.#isHeld = true;
    this.wire.disconnect();
  }

  /**
   * Ends the connections of every tab to this server, but for those of other users, and forgets the token. With `wipe` all offline copies of this
   * device are deleted, those of other users and servers too, with what they hold and the server does not: rejects with
   * OfflineError when one cannot be deleted. What is left then, or when the page goes away meanwhile, is deleted before any page
   * of this origin opens a copy again. `unsynced` says what becomes of edits that the server lacks; with 'refuse' and 'wait' it
   * rejects with OfflineError UNSYNCED, and nobody is logged out, where some would be lost. Default 'discard'.
   */
  async logout({
    wipe = false,
    unsynced = 'discard',
  }: { wipe?: boolean; unsynced?: BeforeWipe } = {}): Promise<void> {
    if (this.#isDestroyed) return this.#gone.promise;
    if (wipe && unsynced !== 'discard')
      await untilSynced(unsynced, {
        users: this.#users,
        canGoOn: () => !(this.#isDestroyed || this.#isHeld || this.isStuck),
        copies: browserDeps(),
        clock: systemClock,
      });
    // Before anything else: from here on the wipe is done, by whichever page there is.
    if (wipe) beginWipe(systemClock.now());
    this.#tokens.logout({ wipe });
    if (wipe) await this.#finishWipe();
  }

  /** Of the tabs that hear of a wipe one does it; the others wait for that one. */
  #finishWipe(): Promise<void> {
    this.#wiping ??= finishWipe(browserDeps()).finally(() => {
      this.#wiping = undefined;
    });
    return this.#wiping;
  }

  /** For the providers: the document is open on it from now on. Whoever keeps it without opening it gives way (K57). */
  claim(name: string): void {
    for (const one of this.#keeping) if (one.name === name) one.destroy();
    this.names.add(name);
  }

  /** Connected for this user, until it is released. */
  retain(user: ConnectionUser): void {
    this.#users.add(user);
    if (!this.#isDestroyed && !this.#isHeld && this.wire.state === 'idle') this.wire.connect();
  }

  release(user: ConnectionUser): void {
    if (!this.#users.delete(user)) return;
    // Later in this turn: whoever closes one document to open another goes on with the same socket.
    queueMicrotask(() => {
      if (this.#users.size === 0) this.wire.disconnect();
    });
  }

  /** Ends when the server has answered about a token for all documents, or there is none to be had. */
  async #coverAll(): Promise<void> {
    // Later in this turn: once for all who are opened in it.
    await Promise.resolve();
    let isNew = false;
    const onRenewed = this.on('renewed', () => void (isNew = true));
    try {
      await this.#tokens.renew();
      if (isNew && this.connected) await this.#nextOf('authenticated', 'state', 'token-failed');
    } catch {
      // Told by `token-failed`. The server says what the token in use allows.
    } finally {
      this.off('renewed', onRenewed);
    }
  }

  #nextOf(...names: (keyof HeddleConnectionEvents)[]): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        for (const name of names) this.off(name, end);
        resolve();
      };
      for (const name of names) this.on(name, end);
    });
  }

  /** Whatever waits for something of it is rejected with ClosedError, and so is whoever asks from now on. */
  override destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#gone.reject(new ClosedError('the connection was destroyed'));
    for (const document of this.#keeping) document.destroy();
    this.emit('destroy', []);
    this.#undo();
    this.wire.destroy();
    this.#transports.destroy();
    // Documents that are open on it wait for no token that may never come.
    if (this.names.size > 0) this.#tokens.giveUp();
    this.#tokens.destroy();
    super.destroy();
  }

  #listenToWire(): void {
    const { wire } = this;
    wire.on('state', (state) => this.#stateChanged(state));
    wire.on('ended', (reason) => {
      this.emit('ended', [reason]);
      if (reason.retry === 'after-auth') this.#tokens.rejected(wire.refusedToken);
    });
    wire.on('server-time-offset', (offsetMs) => this.emit('server-time-offset', [offsetMs]));
    wire.on('token-wanted', (isStale) => {
      if (isStale) this.#tokens.stale();
      else this.#tokens.rejected(wire.refusedToken);
    });
    wire.on('authenticated', (expiresAt) => {
      if (expiresAt === undefined) return;
      if (wire.welcome !== undefined) this.#known.remember(ownerOf(this.url, wire.welcome));
      this.#tokens.accepted(expiresAt, wire.serverTimeOffset);
      this.emit('authenticated', [expiresAt]);
    });
  }

  /** Whether the token is of somebody else than the server has believed, as far as it can be read here. */
  #isOfAnother(token: string): boolean {
    const user = userOf(token);
    return this.connected && user !== undefined && user !== this.wire.welcome?.user;
  }

  #listenToTokens(): void {
    this.#tokens.on('renewed', (token) => {
      if (this.#isOfAnother(token)) {
        // An open connection is its user's: the server would refuse the token.
        this.wire.disconnect();
        this.wire.connect();
      } else this.wire.renewed(token);
      this.#loggedIn();
      this.emit('renewed', []);
    });
    this.#tokens.on('failed', (error) => this.emit('token-failed', [error]));
    this.#tokens.on('logged-out', (options) => {
      this.#isLoggedOut = true;
      this.#known.forget();
      this.disconnect();
      this.emit('logged-out', [options]);
      // The tab that asked for it may be gone. If it fails it is tried again before the next copy is opened.
      if (options.wipe) this.#finishWipe().catch(() => {});
    });
  }

  async #comeBack(): Promise<void> {
    try {
      await this.#tokens.renew();
    } catch {
      return; // told by `token-failed`
    }
    // An application without tokens has none to tell.
    this.#loggedIn();
  }

  #loggedIn(): void {
    if (!this.#isLoggedOut) return;
    this.#isLoggedOut = false;
    this.#isHeld = false;
    this.#connectIfWanted();
  }

  #connectIfWanted(): void {
    const isWanted = this.#users.size > 0 && !this.#isHeld && !this.#isLoggedOut;
    if (isWanted && !this.#isDestroyed) this.wire.connect();
  }

  #stateChanged(state: ConnectionState): void {
    // Before anybody is told: whether this is the end depends on whether there is another token.
    if (state === 'blocked' && this.wire.reason?.retry === 'after-auth')
      this.#tokens.rejected(this.wire.refusedToken);
    this.emit('state', [state]);
    if (this.connected === this.#wasConnected) return;
    this.#wasConnected = this.connected;
    this.emit('connected', [this.connected]);
  }
}
