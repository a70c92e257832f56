// One document's place on a connection that comes and goes: asked for, open, refused, asked for again. Owns whether it is open,
// under which number, and what the user may do with it. What is in the document, and who is there, is for those who listen.

import { GuardedObservable } from '../platform/guarded.js';
import type { Clock, Timer } from '../../shared/clock.js';
import type { Fault } from '../../shared/errors.js';
import type { Known } from '../../shared/native/fields.js';
import type { NativeClientMessage } from '../../shared/native/messages.js';
import type { Access } from '../../shared/permission.js';
import { Backoff } from '../connection/backoff.js';
import type { Attached, Connection, DocumentMessage, Welcome } from '../connection/connection.js';
import { nextChannelState, type ChannelEvent, type ChannelState } from './channel-state.js';
import { reasonOf, type DocumentReason } from './document-reason.js';

export interface DocumentChannelDeps {
  readonly name: string;
  /** Replaced by `moveTo`. */
  connection: Connection;
  /** Another connection for a document that was refused so; undefined where there is none. */
  readonly otherConnection?:
    ((why: NonNullable<DocumentReason['code']>) => Connection | undefined) | undefined;
  /**
   * Whether the document may be asked for from a server that has said this. While it may not, the document stays closed: it
   * is asked again with every connection. Default: always.
   */
  readonly mayOpen?: ((welcome: Welcome | undefined) => boolean) | undefined;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

export type Message<Type extends DocumentMessage['type']> = Extract<DocumentMessage, { type: Type }>;

/** What is said about a document that is open, but for what the channel says of itself. */
type Heard = { [Type in Exclude<DocumentMessage['type'], Own>]: (message: Message<Type>) => void };
type Own = 'opened' | 'not-opened' | 'closed' | 'access';

interface ChannelEvents extends Heard {
  /** The server has opened it: something can be said. Whoever hears it may close it again. Told before `state`. */
  opened: (message: Message<'opened'>) => void;
  state: (state: ChannelState) => void;
  access: (access: Access) => void;
  /** Numbers and sequences of before mean nothing any more. Told before `state`. */
  lost: () => void;
  /** It was not opened, or was closed. It is asked for again where that may help. */
  'not-open': (reason: DocumentReason) => void;
  /** The server believes a token, or allows something else with it than before: what was refused may be allowed now. */
  authenticated: () => void;
}

/** What is said of a document, without its number. */
type Said<Whole = Extract<NativeClientMessage, { document: number }>> = Whole extends unknown
  ? Omit<Whole, 'document'>
  : never;

export class DocumentChannel extends GuardedObservable<ChannelEvents> implements Attached {
  readonly name: string;
  readonly #deps: DocumentChannelDeps;
  readonly #backoff: Backoff;
  /** What is blocked may have been refused by the token before this one, after `retry` was called for the new one. */
  readonly #onAuthenticated = (): void => this.emit('authenticated', []);
  /** What the server is told beside, until it has opened the document. */
  extensions: Attached['extensions'];
  #known: () => Known = () => ({ kind: 'nothing' });
  #state: ChannelState = 'closed';
  #access: Access | undefined;
  #number: number | undefined;
  #retry: Timer | undefined;
  #isAttached = false;

  constructor(deps: DocumentChannelDeps) {
    super();
    this.name = deps.name;
    this.#deps = deps;
    this.#backoff = new Backoff(deps.random);
  }

  get state(): ChannelState {
    return this.#state;
  }

  /** What the server has said last; undefined until it has. */
  get access(): Access | undefined {
    return this.#access;
  }

  get connection(): Connection {
    return this.#deps.connection;
  }

  /** From here on it is open whenever the connection is. */
  start(): void {
    if (this.#isAttached) return;
    this.#isAttached = true;
    this.connection.on('authenticated', this.#onAuthenticated);
    this.connection.attach(this);
  }

  /** Until it is started again it is closed. */
  stop(): void {
    if (!this.#isAttached) return;
    this.#isAttached = false;
    this.connection.off('authenticated', this.#onAuthenticated);
    this.connection.detach(this);
    this.#leave();
  }

  /** From now on it is open on this connection, if it is started. */
  moveTo(connection: Connection): void {
    if (connection === this.connection) return;
    const wasStarted = this.#isAttached;
    this.stop();
    this.#deps.connection = connection;
    if (wasStarted) this.start();
  }

  /** Asks again, where that was of no use before. */
  retry(): void {
    if (this.#state !== 'blocked') return;
    this.#happen('retried');
    if (this.#isAttached && this.connection.state === 'open') this.connected();
  }

  /** Closes it, and asks for it anew at once. */
  reopen(): void {
    if (this.#number === undefined) return;
    this.#leave();
    this.connected();
  }

  /** Closes it for this reason, as if the server had. */
  close(fault: Fault): void {
    this.#sayClose();
    this.#closed(fault);
  }

  /** What is here has come to be the same as on the server: the next loss is the first. */
  worked(): void {
    this.#backoff.began(this.#deps.clock.monotonic());
  }

  /** Says it about the document. Nothing while it is not open. */
  say(message: Said): void {
    if (this.#number !== undefined) this.connection.say({ ...message, document: this.#number });
  }

  /** From now on the server is told this of what is here. */
  tellsOf(known: () => Known): void {
    this.#known = known;
  }

  override destroy(): void {
    this.stop();
    super.destroy();
  }

  known(): Known {
    return this.#known();
  }

  connected(): void {
    if (
      !this.#isAttached ||
      this.#state !== 'closed' ||
      this.#deps.mayOpen?.(this.connection.welcome) === false
    )
      return;
    this.#retry?.cancel();
    this.connection.open(this);
    this.#happen('asked');
  }

  disconnected(): void {
    this.#retry?.cancel();
    this.#backoff.ended(this.#deps.clock.monotonic());
    this.#number = undefined;
    this.emit('lost', []);
    this.#happen('lost');
  }

  hear(message: DocumentMessage): void {
    switch (message.type) {
      case 'opened':
        return this.#opened(message);
      case 'not-opened':
      case 'closed':
        return this.#closed(message);
      case 'access':
        return this.#setAccess(message.access);
      default:
        // Each under its own type.
        this.emit(message.type, [message as never]);
    }
  }

  #opened(message: Message<'opened'>): void {
    this.#number = message.document;
    this.extensions = undefined;
    this.emit('opened', [message]);
    if (this.#number !== message.document) return;
    this.#happen('opened');
    this.#setAccess(message.access);
  }

  #setAccess(access: Access): void {
    if (access === this.#access) return;
    this.#access = access;
    this.emit('access', [access]);
  }

  #closed(fault: Fault): void {
    this.disconnected();
    const reason = reasonOf(fault);
    const other = reason.code === undefined ? undefined : this.#deps.otherConnection?.(reason.code);
    if (other !== undefined) return this.moveTo(other);
    this.emit('not-open', [reason]);
    if (reason.retry !== 'backoff') return this.#happen('refused');
    this.#retry = this.#deps.clock.after(this.#backoff.next(0), () => {
      if (this.connection.state === 'open') this.connected();
    });
  }

  #leave(): void {
    this.#sayClose();
    this.disconnected();
  }

  #sayClose(): void {
    if (this.#number !== undefined) this.connection.say({ type: 'close', document: this.#number });
  }

  #happen(event: ChannelEvent): void {
    const state = nextChannelState(this.#state, event);
    if (state === this.#state) return;
    this.#state = state;
    this.emit('state', [state]);
  }
}
