// The token of one server, as the application gives it: fetched when it is needed, renewed before it ends, dropped when it
// is not believed or the user logs out. Owns the token and when it is renewed; knows no connection.

import { ClosedError } from '../platform/closed-error.js';
import { GuardedObservable } from '../platform/guarded.js';
import type { Clock } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import { Backoff } from '../connection/backoff.js';
import { expiryOf, isNewer, isSameThing, userOf } from './claims.js';
import { RenewalTimer, renewalDelay } from './renewal-timer.js';
import { browserTokenPlatform, type TokenPlatform } from './token-platform.js';
import { LoginRequired } from './login-required.js';
import { pause, tokenFrom, TokenRequest, type GivenToken } from './token-request.js';
import { TokenSiblings } from './token-siblings.js';

/** What a token is wanted for. */
export interface TokenWanted {
  /**
   * The documents that are open on the connection, without subdocuments, which have the rights of their parents. A function
   * that takes an argument is asked again when another document is opened, before the server is asked for it.
   */
  readonly documents: readonly string[];
  /**
   * first: there has been none. documents: others have been opened since. renewal: it ends soon, or the application wants
   * another. refused: the server did not believe it. stale: the server has heard that the user's claims have changed.
   */
  readonly reason: 'first' | 'documents' | 'renewal' | 'refused' | 'stale';
  /** Aborts when nobody waits for the token any longer. */
  readonly signal: AbortSignal;
}

export type { GivenToken };

/** What a token function gives; nothing is no token. */
type Answer = string | GivenToken | null | undefined;

/** Throws `LoginRequired` where nobody is logged in; any other error is taken for one that passes, and it is asked again. */
export type TokenFunction = (wanted: TokenWanted) => Answer | Promise<Answer>;

/** A token, or how to get one. `''` is none. */
export type TokenOption = string | TokenFunction;

export interface TokenSourceDeps {
  /** Absent: it is read from storage, where there is a `storageKey`; otherwise there is none. */
  readonly token: TokenOption | undefined;
  /** The localStorage key the application keeps its token under. What another tab stores there counts at once. */
  readonly storageKey?: string | undefined;
  /** The documents that a token is wanted for. */
  readonly documents?: (() => readonly string[]) | undefined;
  /** The server's URL: tabs of the same scope share renewals and logouts. */
  readonly scope: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly platform?: TokenPlatform | undefined;
}

interface Events {
  /** There is another token than before. */
  renewed: (token: string) => void;
  /** A renewal has failed: the application's error, or a SyncError when it gives what the server does not believe. */
  failed: (error: Error) => void;
  /** Here or in another tab; `wipe`: what is kept on this device is to go, too. */
  'logged-out': (options: { wipe: boolean }) => void;
}

/** How long a token that a sibling has just got may be on its way, ms. */
const siblingMs = 200;

/** So often in a row the server may refuse what the application gives before that is taken for its last word. */
const maxRefusals = 6;

export class TokenSource extends GuardedObservable<Events> {
  readonly #deps: TokenSourceDeps;
  readonly #platform: TokenPlatform;
  readonly #siblings: TokenSiblings;
  readonly #backoff: Backoff;
  readonly #timer: RenewalTimer;
  readonly #stopListening: (() => void) | undefined;
  /** Undefined: the storage. */
  #source: TokenOption | undefined;
  #stored: string | undefined;
  /** What is given without asking; undefined when there is none, or it was refused. */
  #token: string | undefined;
  /** The last one that was given, whatever became of it. */
  #last: string | undefined;
  #hasGiven = false;
  /** The last one the server did not believe. */
  #refused: string | undefined;
  #refusals = 0;
  /** By the server's clock, ms since the epoch; infinite when it is for ever, or not known. */
  #expiresAt = Infinity;
  #serverTimeOffset = 0;
  #request: TokenRequest | undefined;
  /** Somebody needs to know what the request brings, whatever becomes of this. */
  #isAwaited = false;
  /** What the application has thrown to say that there is none to be had. */
  #denial: SyncError | undefined;
  /** The server has heard that there is a newer one to be had. */
  #isStale = false;
  /** What the application gave last, with the end that it named. */
  #given: GivenToken | undefined;
  /** The documents that the application was told of when it was asked last, and has answered. */
  #askedFor: ReadonlySet<string> | undefined;
  #isLoggedOut = false;
  #isDestroyed = false;

  constructor(deps: TokenSourceDeps) {
    super();
    const { clock, random, scope } = deps;
    this.#deps = deps;
    this.#platform = deps.platform ?? browserTokenPlatform();
    this.#backoff = new Backoff(random);
    this.#timer = new RenewalTimer(clock, () => this.#renewInBackground());
    this.#siblings = new TokenSiblings(scope, this.#platform, clock, {
      token: (token) => this.#heard(token),
      logout: (wipe, user) => this.#heardLogout(wipe, user),
    });
    this.#source = deps.token ?? (deps.storageKey === undefined ? '' : undefined);
    this.#stored = this.#read();
    if (deps.storageKey !== undefined)
      this.#stopListening = this.#platform.addStorageListener?.((key) => this.#storageChanged(key));
  }

  /**
   * The token to say hello with, '' for none: the cached one unless it is known to be expired, otherwise the application is
   * asked, once for all who wait. Rejects with the application's error, with one of our own after 30 s, or with SyncError
   * TOKEN_MISSING after a logout.
   */
  get(): Promise<string> {
    if (this.#isLoggedOut) return Promise.reject(loggedOutError());
    const isStale = this.#source === undefined && this.#read() !== this.#token;
    if (this.#token && !isStale && !this.#isExpired && this.#isCovered) return Promise.resolve(this.#token);
    return this.#fetch();
  }

  /** As `get`; an answer that is waited for here is waited for after `destroy` too. */
  word(): Promise<string> {
    const token = this.get();
    this.#isAwaited = this.#request !== undefined;
    return token;
  }

  /** From now on tokens come from there. The one in use counts on, unless another text takes its place. */
  use(source: TokenOption): void {
    const isOther = typeof source === 'string' && source !== this.#source;
    this.#source = source;
    if (isOther) void this.renew().catch(() => {}); // told by 'failed'
  }

  /** The application gives tokens for single documents, and has not been asked for one for this document. */
  lacks(document: string): boolean {
    return this.#isPerDocument && this.#askedFor !== undefined && !this.#askedFor.has(document);
  }

  /** What is known without asking: the token, or the last one that was given; '' for none, undefined while nobody knows. */
  get known(): string | undefined {
    if (this.#isLoggedOut) return undefined;
    if (typeof this.#source === 'string') return this.#source;
    return this.#source === undefined ? (this.#read() ?? '') : (this.#token ?? this.#last);
  }

  /** The application has said that somebody has to log in. */
  get isLoginRequired(): boolean {
    return this.#denial instanceof LoginRequired;
  }

  /** There is none to be given, and the application is being asked, or will be again. */
  get isAsking(): boolean {
    return this.#token === undefined && (this.#request !== undefined || this.#timer.isRunning);
  }

  /**
   * The server has taken the token: it counts until then, s since the epoch by the server's clock, 0 for ever.
   * `serverTimeOffset`: what to add to this device's time to get the server's, ms.
   */
  accepted(expiresAt: number, serverTimeOffset: number): void {
    if (this.#isLoggedOut) return;
    this.#serverTimeOffset = serverTimeOffset;
    this.#expiresAt = Math.min(expiresAt * 1000 || Infinity, this.#namedEnd);
    this.#token ??= this.#last;
    this.#refused = undefined;
    this.#refusals = 0;
    this.#backoff.reset();
    if (this.#request === undefined) this.#plan();
  }

  /**
   * The server has not believed a token: another one is fetched, and `renewed` tells it. `token` is the one that was refused; a
   * refusal of one that has been replaced since means nothing. Undefined: there was none to be refused.
   */
  rejected(token: string | undefined): void {
    if (this.#isLoggedOut || this.#denial || this.isAsking) return;
    if (token !== undefined && this.#last && token !== this.#last) return;
    this.#refused = this.#token ?? this.#last;
    this.#token = undefined;
    this.#refusals++;
    // The first time is the usual one: it has expired. After that the server is not to be asked all the time.
    if (this.#refusals === 1) this.#renewInBackground();
    else if (this.#refusals <= maxRefusals) this.#timer.start(this.#backoff.next(0));
    else this.emit('failed', [this.#refusal()]);
  }

  /** The token in use is good, but the claims of the user have changed: another one is fetched, and `renewed` tells it. */
  stale(): void {
    if (this.#isLoggedOut) return;
    this.#isStale = true;
    this.#renewInBackground();
  }

  /** Asks the application for a token now, after a logout too. Rejects with what went wrong. */
  renew(): Promise<void> {
    this.#isLoggedOut = false;
    this.#denial = undefined;
    this.#refusals = 0;
    this.#backoff.reset();
    return this.#renew();
  }

  /** The page was asleep, and its timers were held back: what is overdue is done now. */
  woke(): void {
    // What other tabs store meanwhile is not told to a page that is stopped.
    this.#storageChanged(null);
    this.#timer.look();
  }

  /**
   * Every tab of this scope, this one included, forgets its token and emits 'logged-out'. Those that are known to be another
   * user's do so only with `wipe`.
   */
  logout({ wipe }: { wipe: boolean }): void {
    this.#siblings.logout(wipe, this.#user);
    this.#loggedOut(wipe);
  }

  override destroy(): void {
    this.#isDestroyed = true;
    this.#stopListening?.();
    this.#timer.stop();
    this.#siblings.close();
    if (!this.#isAwaited) this.giveUp();
    super.destroy();
  }

  /** Nobody waits for what is under way any more, also who needs to know what it brings. */
  giveUp(): void {
    this.#request?.cancel(new ClosedError('the connection was destroyed'));
  }

  /** Whom the token is for; undefined where it does not say, or another one may be about to come. */
  get #user(): string | undefined {
    const { known } = this;
    return known === undefined || this.#request !== undefined ? undefined : userOf(known);
  }

  get #isPerDocument(): boolean {
    return typeof this.#source === 'function' && this.#source.length > 0;
  }

  get #isCovered(): boolean {
    return !(this.#deps.documents?.() ?? []).some((document) => this.lacks(document));
  }

  get #isExpired(): boolean {
    return this.#expiresAt <= this.#serverNow;
  }

  get #serverNow(): number {
    return this.#deps.clock.now() + this.#serverTimeOffset;
  }

  #fetch(): Promise<string> {
    if (this.#request !== undefined) return this.#request.token;
    const request = new TokenRequest(this.#deps.clock, (signal) => this.#ask(signal));
    this.#request = request;
    this.#isAwaited = false;
    const ended = (): boolean => {
      if (this.#request !== request) return false;
      this.#request = undefined;
      return true;
    };
    request.token.then(
      (token) => ended() && !this.#isDestroyed && this.#take(token),
      (error: unknown) => ended() && (this.#denial = isFinal(error) ? error : undefined),
    );
    return request.token;
  }

  async #ask(signal: AbortSignal): Promise<string> {
    const source = this.#source;
    if (source === undefined) return this.#read() ?? '';
    if (typeof source === 'string') return source;
    const before = this.#last;
    // Only a token that says whose it is can be shared.
    if (before === undefined || !isSameThing(before, before) || !this.#isCovered)
      return this.#call(source, signal);
    return this.#siblings.inTurn(signal, async (isFirst) => {
      if (!isFirst && this.#last === before) await this.#awaitSibling(signal);
      if (this.#last !== before && this.#token !== undefined) return this.#token;
      const token = await this.#call(source, signal);
      if (token !== before && isSameThing(token, before)) this.#siblings.tell(token);
      return token;
    });
  }

  /** The application's word, as long as somebody waits for it. */
  async #call(source: TokenFunction, signal: AbortSignal): Promise<string> {
    let documents: readonly string[] = [];
    const ask = (): Answer | Promise<Answer> => {
      // Whoever has opened documents in the same turn has opened all of them by now.
      documents = this.#deps.documents?.() ?? [];
      const latest = typeof this.#source === 'function' ? this.#source : source;
      return latest({ documents, reason: this.#reason, signal });
    };
    try {
      this.#given = await tokenFrom(ask, signal);
      this.#isStale = false;
      return this.#given.token;
    } finally {
      this.#askedFor = new Set(documents);
    }
  }

  get #reason(): TokenWanted['reason'] {
    if (this.#refused !== undefined) return 'refused';
    if (this.#isStale) return 'stale';
    if (this.#last === undefined) return 'first';
    return this.#isCovered ? 'renewal' : 'documents';
  }

  async #awaitSibling(signal: AbortSignal): Promise<void> {
    const waiting = new AbortController();
    const end = (): void => waiting.abort();
    this.on('renewed', end);
    signal.addEventListener('abort', end);
    await pause(this.#deps.clock, siblingMs, waiting.signal);
    signal.removeEventListener('abort', end);
    this.off('renewed', end);
  }

  #take(token: string): void {
    this.#denial = undefined;
    // Given once more it is not kept: the application may have another one when it is asked again.
    this.#token = token === this.#refused ? undefined : token;
    if (token === this.#last) return;
    const isChange = this.#hasGiven && token !== '';
    this.#hasGiven = true;
    this.#last = token;
    this.#expiresAt = Math.min(expiryOf(token) ?? Infinity, this.#namedEnd);
    this.#timer.stop();
    if (isChange) this.emit('renewed', [token]);
  }

  /** When the token in use ends, as the application has said, by the server's clock as far as it is known. */
  get #namedEnd(): number {
    return (this.#given?.token === this.#last && this.#given?.expiresAt) || Infinity;
  }

  /** A sibling has a new token. */
  #heard(token: string): void {
    if (token === '') return this.#storageChanged(null);
    const last = this.#last;
    if (last === undefined || this.#isLoggedOut || !isSameThing(token, last) || !isNewer(token, last)) return;
    this.#take(token);
  }

  #renewInBackground(): void {
    // What goes wrong is told by 'failed'.
    this.#renew().catch(() => {});
  }

  async #renew(): Promise<void> {
    this.#timer.stop();
    const before = this.#last;
    try {
      const token = await this.#fetch();
      if (token === this.#refused) throw this.#refusal();
      // The application keeps its own for longer than we would: asked again when less is left.
      if (token === before) this.#plan();
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  #failed(thrown: unknown): void {
    if (this.#isDestroyed || this.#isLoggedOut) return;
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const isRefusal = this.#refused !== undefined && error instanceof SyncError;
    const canHelp = isRefusal
      ? this.#refusals++ < maxRefusals
      : this.#token === undefined || !this.#isExpired;
    if (canHelp && !this.#denial && typeof this.#source !== 'string')
      this.#timer.start(this.#backoff.next(0));
    this.emit('failed', [error]);
  }

  /** For a token that ends, and can be had anew. */
  #plan(): void {
    if (this.#expiresAt === Infinity || typeof this.#source === 'string') return;
    const lifeMs = this.#expiresAt - this.#serverNow;
    if (lifeMs > 0) this.#timer.start(renewalDelay(lifeMs, this.#deps.random));
  }

  #refusal(): SyncError {
    return this.#isExpired
      ? new SyncError('TOKEN_EXPIRED', 'the application has no newer token')
      : new SyncError('TOKEN_INVALID', 'the application gives the token that was refused');
  }

  #heardLogout(wipe: boolean, who: string | undefined): void {
    const user = this.#user;
    const isAnother = who !== undefined && user !== undefined && who !== user;
    if (wipe || !isAnother) this.#loggedOut(wipe);
  }

  #loggedOut(wipe: boolean): void {
    // Once is enough, unless it says more than the first time.
    if (this.#isLoggedOut && !wipe) return;
    this.#isLoggedOut = true;
    this.#token = undefined;
    this.#last = undefined;
    this.#refused = undefined;
    this.#expiresAt = Infinity;
    this.#hasGiven = true;
    this.#timer.stop();
    this.#request?.cancel(loggedOutError());
    this.#request = undefined;
    this.emit('logged-out', [{ wipe }]);
  }

  #storageChanged(key: string | null): void {
    if (key !== null && key !== this.#deps.storageKey) return;
    const stored = this.#read();
    if (stored === this.#stored) return;
    this.#stored = stored;
    if (stored === undefined) {
      // The tab that has removed it hears of that from nobody else.
      this.#siblings.tell('');
      return this.#loggedOut(false);
    }
    // A fixed token has had its day when the application stores another one.
    if (typeof this.#source === 'string') this.#source = undefined;
    // What is under way may bring what was there before.
    const underWay = this.#request?.token ?? Promise.resolve();
    const renew = (): void => void this.renew().catch(() => {});
    underWay.then(renew, renew);
  }

  #read(): string | undefined {
    const { storageKey } = this.#deps;
    if (storageKey === undefined) return undefined;
    return this.#platform.localStorage?.getItem(storageKey) || undefined;
  }
}

/** An application that throws a SyncError which asking again does not help against has no token to give. */
export function isFinal(error: unknown): error is SyncError {
  return error instanceof SyncError && error.retry !== 'backoff';
}

function loggedOutError(): SyncError {
  return new SyncError('TOKEN_MISSING', 'logged out');
}
