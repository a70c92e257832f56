// One connection to a server for all documents of a page. Owns the socket, the order of what is said on it, and when it is
// tried again; documents attach to it, and are told when they can be opened and when they are lost.

import { GuardedObservable, guarded } from '../platform/guarded.js';
import type { Timer } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import { usualLimits, type NativeClientMessage, type ServerLimits } from '../../shared/native/messages.js';
import { openBeside, type WelcomedSocket } from './beside.js';
import type { Attached, ConnectionReason, DocumentMessage, Welcome } from './attached.js';
import { Backoff } from './backoff.js';
import { Calls, type HearMore } from './calls.js';
import {
  transition,
  type ConnectionEffect,
  type ConnectionEvent,
  type ConnectionState,
} from './connection-state.js';
import type { ConnectionDeps } from './connection-deps.js';
import { connectionReason, errorNameOf, whyUnread } from './connection-reason.js';
import { Heartbeat } from './heartbeat.js';
import { helloFrame } from './hello-frame.js';
import { Inflow, type PlainMessage } from './inflow.js';
import { OpenQuestions } from './open-questions.js';
import { Outflow } from './outflow.js';
import { ServerClock } from './server-clock.js';
import { outgoingFrames } from './outgoing-frames.js';
import type { ClientSocket, OpenSocket, SocketEvents } from './socket.js';
import { Uploads } from './uploads.js';

export type { Attached, ConnectionDeps, ConnectionReason, DocumentMessage, Welcome };

interface ConnectionEvents {
  state: (state: ConnectionState) => void;
  /** A socket has ended, or could not be opened; `state` has been told before. */
  ended: (reason: ConnectionReason) => void;
  /** A token that was handed in was not taken; or the one in use is good and `isStale`. */
  'token-wanted': (isStale: boolean) => void;
  /**
   * The token counts until then, s since the epoch; 0 for ever. Undefined: it counts as before, and allows something else: what
   * was refused may be allowed now.
   */
  authenticated: (expiresAt: number | undefined) => void;
  /** What to add to this device's time to get the server's has changed, ms. */
  'server-time-offset': (offsetMs: number) => void;
}

/** An opening, greeting included, that takes longer is given up, ms. */
const openingMs = 15_000;
/** The same from when the page has woken: what was under way before may never be answered. */
const wokenOpeningMs = 4_000;

/** How much of the silence that the server allows is used: the rest is for the question and its answer. */
const silenceUsed = 0.75;

export class Connection extends GuardedObservable<ConnectionEvents> {
  /** What documents have to upload, in turns. */
  readonly uploads: Uploads = new Uploads();
  readonly #deps: ConnectionDeps;
  readonly #attached = new Set<Attached>();
  readonly #questions = new OpenQuestions<Attached>();
  readonly #byNumber = new Map<number, Attached>();
  readonly #calls = new Calls();
  readonly #backoff: Backoff;
  readonly #heartbeat: Heartbeat;
  readonly #serverClock = new ServerClock();
  readonly #ping = (): void => this.say({ type: 'ping', clientTime: this.#deps.clock.now() });
  #state: ConnectionState = 'idle';
  #reason: ConnectionReason | undefined;
  #welcome: Welcome | undefined;
  #socket: ClientSocket | undefined;
  /** What comes and goes on the socket. */
  #inflow: Inflow | undefined;
  #outflow: Outflow | undefined;
  /** The same on all connections of this client. */
  #session: string | undefined;
  /** The token in use: the newest that this connection was given. */
  #token = '';
  /** The token that the server believes: that of `hello`, or a later one that it has taken. */
  #tokenInForce = '';
  /** Tokens that were handed in since, and are not answered. The server answers each, in order. */
  #handedIn: string[] = [];
  #refusedToken: string | undefined;
  #isDestroyed = false;
  /** Stops the socket that is being opened beside. */
  #stopBeside: (() => void) | undefined;
  /** The socket beside, when the server has welcomed this client there. */
  #welcomed: WelcomedSocket | undefined;
  /** The server has ended the connection because the session goes on with the one beside. */
  #hasMovedAway = false;
  /** Stands for the token that was asked for last. */
  #asked: object | undefined;
  #outbox: NativeClientMessage[] = [];
  #timer: Timer | undefined;
  #opening: Timer | undefined;
  /** When the opening is given up, on the monotonic clock. */
  #openingUntil = 0;
  /** When the server was last heard, by this device's clock, ms since the epoch. */
  #heardAt = 0;
  #retryAfterMs = 0;
  #greetedAt = 0;

  constructor(deps: ConnectionDeps) {
    super();
    this.#deps = deps;
    this.#backoff = new Backoff(deps.random);
    this.#heartbeat = new Heartbeat({
      clock: deps.clock,
      ping: this.#ping,
      dead: () => this.#fail('', 'the server does not answer'),
      bytesOnWay: () => Math.max(this.#socket?.bufferedBytes ?? 0, this.uploads.bytesOnWay),
      isHidden: () => deps.isHidden?.() === true,
      patienceMs: () => (this.#welcome?.maxSilenceMs ?? 0) * silenceUsed,
    });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Why the last connection ended; undefined while it is open. */
  get reason(): ConnectionReason | undefined {
    return this.#reason;
  }

  /** What the server said of itself last; undefined until it has let this client in. */
  get welcome(): Welcome | undefined {
    return this.#welcome;
  }

  /** What the server takes, as it said last; the usual before it has said anything. */
  get limits(): ServerLimits {
    return { ...usualLimits, ...this.#welcome?.limits };
  }

  /** When the server was last heard, by this device's clock, ms since the epoch; 0 for never. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** What to add to this device's time to get the server's, ms. */
  get serverTimeOffset(): number {
    return this.#serverClock.offsetMs;
  }

  /** The token that the server believes. */
  get tokenInForce(): string {
    return this.#tokenInForce;
  }

  /** The token that the server refused last; undefined when it has refused none, or there was none to be had. */
  get refusedToken(): string | undefined {
    return this.#refusedToken;
  }

  connect(): void {
    this.#happen('wanted');
  }

  disconnect(): void {
    if (this.#welcome?.extensions?.operates === true) this.say({ type: 'leave' });
    this.#flush();
    this.#happen('unwanted');
    [this.#token, this.#session] = ['', undefined];
  }

  /** Now is a good moment to try again, or to see whether the connection still is one. */
  nudge(): void {
    if (this.#state === 'open') return this.#heartbeat.check();
    // What has failed before says nothing of now; and an attempt that is under way may have begun before.
    this.#backoff.reset();
    if (this.#state === 'opening' || this.#state === 'greeting') this.#openWithin(wokenOpeningMs);
    else this.#happen('nudged');
  }

  /** There is a new token. From now on the connection uses it, whatever state it is in. */
  renewed(token: string): void {
    this.#token = token;
    this.#happen('renewed');
  }

  /**
   * Says hello on a socket that is opened beside the one in use, and goes on with it when the server has welcomed this
   * client there (X9). `ended` is told how that went, once; never when the connection ends before.
   */
  moveTo(openSocket: OpenSocket, ended: (hasMoved: boolean) => void): void {
    // What is being answered would be lost.
    if (this.#state !== 'open' || this.#stopBeside !== undefined || this.#calls.isWaiting)
      return ended(false);
    const { url, clock } = this.#deps;
    const hello = this.#hello();
    this.#stopBeside = openBeside({ clock, openSocket, url, token: this.#token, hello }, (welcomed) => {
      this.#stopBeside = undefined;
      this.#welcomed = welcomed;
      ended(welcomed !== undefined);
      if (welcomed !== undefined) this.#happen('moved');
      else if (this.#hasMovedAway) this.#fail('', 'the connection that was to replace this one was lost');
    });
  }

  attach(document: Attached): void {
    this.#attached.add(document);
    if (this.#state === 'open') document.connected();
  }

  detach(document: Attached): void {
    this.#attached.delete(document);
    this.#questions.letGo(document);
    for (const [number, other] of this.#byNumber) if (other === document) this.#byNumber.delete(number);
  }

  /**
   * Asks for a document, as soon as the server has answered whoever asked for it before and let go of it, and enough of what
   * was asked before.
   */
  open(document: Attached): void {
    const known = document.known();
    const ref = this.#questions.ask(document, known.kind === 'state-vector' ? known.stateVector.length : 0);
    if (ref !== undefined)
      this.say({ type: 'open', ref, name: document.name, known, extensions: document.extensions });
  }

  /**
   * Asks the server, and through it the application there, for something. `document` is the name of one that is open, or
   * undefined. Rejects with SyncError when it is refused, and with an Error while the connection is not open or when it ends first.
   */
  call(method: string, body: Uint8Array, document?: string): Promise<Uint8Array> {
    const number = document === undefined ? 0 : this.#numberOf(document);
    if (number === undefined) return Promise.reject(new Error('the document is not open'));
    return this.ask((id) => ({ type: 'call', id, document: number, method, body }));
  }

  /**
   * Asks the server for a change in a document that is open. Undefined while it is not. Rejects as `call` does, with CALL_UNKNOWN
   * where the server makes none.
   */
  operate(document: string, isAtEnd: boolean, operation: Uint8Array): Promise<Uint8Array> | undefined {
    const number = this.#numberOf(document);
    if (this.#state !== 'open' || number === undefined) return undefined;
    if (this.#welcome?.extensions?.operates !== true)
      return Promise.reject(new SyncError('CALL_UNKNOWN', 'this server makes no changes for clients'));
    return this.ask((id) => ({ type: 'operate', document: number, id, isAtEnd, operation }));
  }

  /** Says what is answered by `result`, and perhaps again: then `hear` is given the rest. Rejects as `call` does. */
  ask(message: (id: number) => NativeClientMessage, hear?: HearMore): Promise<Uint8Array> {
    if (this.#state !== 'open') return Promise.reject(new Error('not connected'));
    return this.#calls.make((id) => this.say(message(id)), hear);
  }

  /** Says it in the order of the calls; what is said in one turn leaves in few frames. Nothing while it is not open. */
  say(message: NativeClientMessage): void {
    if (this.#state !== 'open') return;
    if (this.#outbox.push(message) === 1) queueMicrotask(() => this.#flush());
  }

  override destroy(): void {
    this.disconnect();
    this.#isDestroyed = true;
    super.destroy();
  }

  #numberOf(name: string): number | undefined {
    return [...this.#byNumber].find(([, document]) => document.name === name)?.[0];
  }

  #tell(tell: (document: Attached) => void): void {
    for (const document of this.#attached) guarded(() => tell(document));
  }

  #flush(): void {
    const messages = this.#outbox;
    this.#outbox = [];
    if (messages.length === 0 || this.#state !== 'open') return;
    const deflation = this.#welcome?.extensions?.inflates === true ? this.#deps.deflation : undefined;
    for (const frame of outgoingFrames(messages, this.limits.maxMessageBytes))
      this.#outflow?.send(frame, deflation);
    this.#heartbeat.said();
  }

  #happen(event: ConnectionEvent): void {
    if (this.#isDestroyed) return;
    const before = this.#state;
    const { state, effects } = transition(before, event);
    this.#state = state;
    for (const effect of effects) this.#effect(effect);
    if (state === before) return;
    if (before === 'open') this.#tell((document) => document.disconnected());
    if (state === 'open') this.#begin();
    this.emit('state', [state]);
  }

  #effect(effect: ConnectionEffect): void {
    switch (effect) {
      case 'ask-for-token':
        return void this.#askForToken();
      case 'open-socket':
        this.#openingUntil = Infinity;
        this.#openWithin(openingMs);
        this.#open();
        return;
      case 'close-socket':
        return this.#end();
      case 'change-socket':
        if (this.#welcomed !== undefined) this.#change(this.#welcomed);
        return;
      case 'say-hello':
        return this.#greet();
      case 'say-token':
        this.#handedIn.push(this.#token);
        return this.say({ type: 'token', token: this.#token });
      case 'wait':
        this.#timer = this.#deps.clock.after(this.#backoff.next(this.#retryAfterMs), () =>
          this.#happen('due'),
        );
        this.#retryAfterMs = 0;
        return;
      case 'stop-waiting':
        this.#timer?.cancel();
    }
  }

  #open(): void {
    const inflow = this.#newInflow();
    const events = this.#eventsOf(() => socket, inflow);
    const socket: ClientSocket = this.#deps.openSocket(this.#deps.url, events, this.#token);
    this.#use(socket, inflow);
  }

  #use(socket: ClientSocket, inflow: Inflow): void {
    [this.#socket, this.#inflow, this.#outflow] = [socket, inflow, new Outflow(socket)];
  }

  #newInflow(): Inflow {
    const listener = {
      hear: (message: PlainMessage) => guarded(() => this.#handle(message)),
      failed: (error: SyncError) => this.#fail('FRAME_MALFORMED', whyUnread(error, this.#state === 'open')),
    };
    return new Inflow(listener, this.#deps.deflation);
  }

  #eventsOf(socket: () => ClientSocket, inflow: Inflow): SocketEvents {
    return {
      opened: () => this.#ifCurrent(socket(), () => this.#happen('opened')),
      frame: (bytes) => this.#ifCurrent(socket(), () => this.#hear(bytes, inflow)),
      closed: (code, reason) => this.#ifCurrent(socket(), () => inflow.end(() => this.#closed(code, reason))),
    };
  }

  /** Documents are opened anew on the new socket; their edits that are not acknowledged are sent again there. */
  #change({ socket, token, greetedAt, frame, goOn }: WelcomedSocket): void {
    this.#tell((document) => document.disconnected());
    this.#end();
    const inflow = this.#newInflow();
    this.#use(socket, inflow);
    [this.#tokenInForce, this.#handedIn] = [token, []];
    this.#greetedAt = greetedAt;
    goOn(this.#eventsOf(() => socket, inflow));
    this.#hear(frame, inflow);
    // The server may have said goodbye in the same frame.
    if (this.#socket !== socket) return;
    if (this.#token !== token) this.renewed(this.#token);
    this.#begin();
  }

  /** Gives the opening up after this time, or when it was to be given up before. */
  #openWithin(ms: number): void {
    const { clock } = this.#deps;
    this.#opening?.cancel();
    this.#openingUntil = Math.min(this.#openingUntil, clock.monotonic() + ms);
    const leftMs = this.#openingUntil - clock.monotonic();
    this.#opening = clock.after(leftMs, () => this.#fail('', 'the server could not be reached in time'));
  }

  /** A socket that was let go of may still have something under way. */
  #ifCurrent(socket: ClientSocket, run: () => void): void {
    if (socket === this.#socket) run();
  }

  async #askForToken(): Promise<void> {
    const asked = {};
    this.#asked = asked;
    // The connection may have got a newer token meanwhile, or may not be wanted any more.
    const isOver = (): boolean => this.#asked !== asked || this.#state !== 'asking';
    try {
      const token = await this.#deps.token();
      if (isOver()) return;
      this.#token = token;
      this.#happen('given');
    } catch (error) {
      if (isOver()) return;
      const message = error instanceof Error ? error.message : String(error);
      this.#fail(error instanceof SyncError ? error.code : '', message);
    }
  }

  #greet(): void {
    this.#greetedAt = this.#deps.clock.now();
    [this.#tokenInForce, this.#handedIn] = [this.#token, []];
    this.#socket?.send(this.#hello());
  }

  #hello(): Uint8Array {
    this.#session ??= this.#deps.newSession?.();
    return helloFrame(this.#deps, this.#token, this.#session);
  }

  #begin(): void {
    this.#opening?.cancel();
    this.#reason = undefined;
    this.#backoff.began(this.#deps.clock.monotonic());
    this.#heartbeat.start();
    if (this.#serverClock.isVague) this.#ping();
    this.#tell((document) => document.connected());
  }

  #end(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#stopBeside?.();
    [this.#stopBeside, this.#welcomed, this.#hasMovedAway] = [undefined, undefined, false];
    this.#opening?.cancel();
    this.#backoff.ended(this.#deps.clock.monotonic());
    this.#heartbeat.stop();
    this.#outbox = [];
    this.uploads.clear();
    this.#questions.clear();
    this.#byNumber.clear();
    this.#calls.lost();
    this.#inflow?.close();
    this.#outflow?.close();
    socket?.close();
  }

  #hear(bytes: Uint8Array, inflow: Inflow): void {
    this.#heartbeat.heard();
    this.#heardAt = this.#deps.clock.now();
    inflow.frame(bytes);
  }

  #handle(message: PlainMessage): void {
    switch (message.type) {
      case 'welcome':
        this.#heardTime(this.#greetedAt, message.serverTime);
        this.#welcome = message;
        this.#happen('welcomed');
        return this.emit('authenticated', [message.expiresAt]);
      case 'authenticated':
        this.#tokenInForce = this.#handedIn.shift() ?? this.#tokenInForce;
        return this.emit('authenticated', [message.expiresAt]);
      case 'token-wanted': {
        const isStale = message.reason.startsWith('TOKEN_STALE');
        if (!isStale) this.#refusedToken = this.#handedIn.shift();
        return this.emit('token-wanted', [isStale]);
      }
      case 'rights-changed':
        return this.emit('authenticated', [undefined]);
      case 'pong':
        this.#heardTime(message.clientTime, message.serverTime);
        return this.#serverClock.isVague ? this.#ping() : undefined;
      case 'goodbye':
        this.#retryAfterMs = message.retryAfterMs;
        return this.#fail(message.code, message.reason, message.close);
      case 'result':
        return this.#calls.answered(message);
      case 'opened':
      case 'not-opened':
        return this.#answered(message);
      default: {
        const document = this.#byNumber.get(message.document);
        if (message.type === 'closed') this.#byNumber.delete(message.document);
        document?.hear(message);
      }
    }
  }

  #heardTime(sentAt: number, serverTime: number): void {
    const before = this.serverTimeOffset;
    this.#serverClock.add(sentAt, serverTime, this.#deps.clock.now());
    if (this.serverTimeOffset !== before) this.emit('server-time-offset', [this.serverTimeOffset]);
  }

  #answered(message: Extract<DocumentMessage, { ref: number }>): void {
    const { asker, next } = this.#questions.answered(message.ref);
    if (message.type === 'opened') {
      // One that was let go of meanwhile: the server need not keep it open.
      if (asker === undefined) this.say({ type: 'close', document: message.document });
      else this.#byNumber.set(message.document, asker);
    }
    asker?.hear(message);
    for (const one of next) this.open(one);
  }

  #closed(closeCode: number, reason: string): void {
    const message = reason === '' ? `the connection was closed (${closeCode})` : reason;
    this.#fail(errorNameOf(closeCode, reason), message, closeCode);
  }

  /** Ends it: to be tried again, or not, by what the error means. `name` is empty where the connection ended without a word. */
  #fail(name: string, message: string, close?: number): void {
    const meant = connectionReason(name, message, close);
    // The welcome on the socket beside is about to come.
    if (meant.code === 'SESSION_MOVED' && this.#stopBeside !== undefined)
      return void (this.#hasMovedAway = true);
    this.#refusedToken = this.#state === 'asking' ? undefined : this.#tokenInForce;
    // The token in force has ended while a newer one was on its way: there is one to connect with.
    const hasNewer = this.#state === 'open' && this.#token !== this.#tokenInForce;
    const reason = meant.retry === 'after-auth' && hasNewer ? { ...meant, retry: 'backoff' as const } : meant;
    // Another connection has the session: one that was given up, or that of a copy of this client.
    if (meant.code === 'SESSION_MOVED') this.#session = undefined;
    this.#reason = reason;
    this.#happen(reason.retry === 'backoff' ? 'lost' : 'refused');
    this.emit('ended', [reason]);
  }
}
