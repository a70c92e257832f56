// One WebSocket of Heddle's own client: a token for all, and documents that come and go. Turns a SyncError about a document
// into its end, and one about the connection into that of the connection.

import { parseDocumentName, type DocumentName } from '../../shared/document-name.js';
import { SyncError, toSyncError } from '../../shared/errors.js';
import { decodeClientFrame, encodeServerFrame } from '../../shared/native/frame.js';
import {
  nativeVersion,
  type NativeClientMessage,
  type NativeServerMessage,
} from '../../shared/native/messages.js';
import type { Access, Claims } from '../../shared/permission.js';
import type { Dialect } from '../dialect/dialect.js';
import type { ClientMessage } from '../dialect/messages.js';
import type { Socket, SocketHandler } from '../transport/transport.js';
import { Expiry } from './expiry.js';
import { sayFarewell } from './farewell.js';
import { MessageQueue } from './message-queue.js';
import { NativeDocument } from './native-document.js';
import type { Session } from './session-registry.js';
import type { VisitDeps, Visitor } from './visitor.js';

export interface NativeSessionDeps extends VisitDeps {
  readonly nativeDialect: Dialect;
  /** Who has this token, undefined for none. Rejects with SyncError. */
  readonly authenticate: (token: string | undefined) => Promise<Claims>;
  /** Rejects with SyncError FORBIDDEN. */
  readonly authorize: (claims: Claims, document: DocumentName) => Promise<Access>;
  /** A connection that says nothing for so long is closed by the transport. */
  readonly maxSilenceMs: number;
}

type OpenMessage = Extract<NativeClientMessage, { type: 'open' }>;

export class NativeSession implements SocketHandler, Session {
  readonly #deps: NativeSessionDeps;
  readonly #socket: Socket;
  readonly #connectionId: string;
  /** Of the upgrade request, for clients that send none. */
  readonly #requestToken: string | undefined;
  readonly #messages: MessageQueue<NativeClientMessage>;
  readonly #documents = new Map<number, NativeDocument>();
  readonly #names = new Set<DocumentName>();
  readonly #expiry = new Expiry();
  /** It has said hello: before, it may be a stock client that was given no document, and would not understand us. */
  #hasGreeted = false;
  #claims: Claims | undefined;
  #isEnded = false;
  #stopFarewell: (() => void) | undefined;

  constructor(
    deps: NativeSessionDeps,
    of: { socket: Socket; connectionId: string; requestToken: string | undefined },
  ) {
    this.#deps = deps;
    this.#socket = of.socket;
    this.#connectionId = of.connectionId;
    this.#requestToken = of.requestToken;
    this.#messages = new MessageQueue({
      handle: (message) => this.#handle(message),
      fail: (error) => this.refuse(error),
      maxBytes: deps.limits.maxWaitingBytes,
    });
    this.#messages.open();
  }

  message(frame: Uint8Array, isBinary: boolean): void {
    if (this.#isEnded) return;
    try {
      if (!isBinary) throw new SyncError('FRAME_MALFORMED', 'frames are binary');
      this.#messages.push(decodeClientFrame(frame, this.#deps.limits.maxMessagesPerFrame));
    } catch (error) {
      this.refuse(toSyncError(error));
    }
  }

  drained(): void {
    for (const document of this.#documents.values()) document.drained();
  }

  dropped(): void {
    const { logger } = this.#deps;
    logger.warn({ address: this.#socket.remoteAddress }, 'a client was too slow and is disconnected');
    this.#leave();
  }

  closed(): void {
    this.#leave();
    this.#stopFarewell?.();
    this.#deps.ended(this);
  }

  tick(): void {
    if (this.#isEnded) return;
    try {
      for (const document of this.#documents.values()) document.checkProgress();
      this.#watchExpiry();
    } catch (error) {
      this.refuse(toSyncError(error));
    }
  }

  refuse(error: SyncError): void {
    if (this.#isEnded) return;
    this.#leave();
    const { code, reason } = error;
    this.#stopFarewell = sayFarewell(this.#deps, this.#socket, error, () => {
      if (this.#hasGreeted) this.#send({ type: 'goodbye', code, reason, retryAfterMs: 0 });
    });
  }

  /** Throws or rejects with SyncError to end the connection. A promise means: the next message waits. */
  #handle(message: NativeClientMessage): void | Promise<void> {
    if (message.type === 'hello') {
      this.#hasGreeted = true;
      return this.#greet(message.version, message.token);
    }
    if (this.#claims === undefined) throw new SyncError('FRAME_MALFORMED', 'the first message is hello');
    switch (message.type) {
      case 'open':
        // Others do not wait for it.
        return void this.#open(message, this.#claims);
      case 'token':
        return this.#renew(message.token, this.#claims);
      case 'ping':
        return this.#pong(message.clientTime);
      case 'close':
        return this.#close(message.document);
      default:
        // One that has just been closed: its messages may still be on their way.
        return this.#documents.get(message.document)?.take(toClientMessage(message));
    }
  }

  async #greet(version: number, token: string): Promise<void> {
    if (this.#claims !== undefined) throw new SyncError('FRAME_MALFORMED', 'hello comes once');
    if (version !== nativeVersion)
      throw new SyncError('VERSION_UNSUPPORTED', `this server speaks version ${nativeVersion}`);
    this.#claims = await this.#deps.authenticate(token === '' ? this.#requestToken : token);
    this.#watchExpiry();
    const { maxSilenceMs } = this.#deps;
    const serverTime = this.#deps.clock.now();
    this.#send({ type: 'welcome', version, serverTime, expiresAt: this.#claims.exp ?? 0, maxSilenceMs });
  }

  /** Never rejects. */
  async #open({ ref, name, known }: OpenMessage, claims: Claims): Promise<void> {
    const copy = known.kind === 'state-vector' ? { ...known, stateVector: known.stateVector.slice() } : known;
    let document: NativeDocument | undefined;
    try {
      document = await this.#enter(parseDocumentName(name), claims);
      await document?.open(ref, copy);
    } catch (error) {
      if (document !== undefined) this.#close(document.number);
      const { code, reason } = toSyncError(error);
      if (!this.#isEnded) this.#send({ type: 'not-opened', ref, code, reason });
    }
  }

  /** Undefined when the connection has ended meanwhile. */
  async #enter(name: DocumentName, claims: Claims): Promise<NativeDocument | undefined> {
    const { authorize, connected, disconnected, registry, limits } = this.#deps;
    if (this.#names.has(name)) throw new SyncError('FRAME_MALFORMED', 'the document is open already');
    if (this.#names.size >= limits.maxDocumentsPerConnection)
      throw new SyncError('RATE_LIMITED', `at most ${limits.maxDocumentsPerConnection} documents at once`);
    this.#names.add(name);
    const { remoteAddress } = this.#socket;
    const visitor: Visitor = { connectionId: this.#connectionId, document: name, claims, remoteAddress };
    let isConnected = false;
    try {
      const access = await authorize(claims, name);
      await connected(visitor);
      isConnected = true;
      const room = await registry.open(name);
      if (this.#isEnded) {
        registry.released(room);
        disconnected(visitor);
        return undefined;
      }
      const of = { visitor, access, room, socket: this.#socket, dialect: this.#deps.nativeDialect };
      const document = new NativeDocument(this.#deps, of, (ended, error) => this.#end(ended, error));
      this.#documents.set(document.number, document);
      return document;
    } catch (error) {
      this.#names.delete(name);
      if (isConnected) disconnected(visitor);
      throw error;
    }
  }

  /** A token that is not taken leaves the old one in force. */
  async #renew(token: string, before: Claims): Promise<void> {
    let claims: Claims;
    try {
      claims = await this.#deps.authenticate(token);
      if (claims.sub !== before.sub) throw new SyncError('FORBIDDEN', 'the token is of somebody else');
    } catch (error) {
      return this.#send({ type: 'token-wanted', reason: toSyncError(error).reason });
    }
    if (this.#isEnded) return;
    this.#claims = claims;
    this.#watchExpiry();
    this.#send({ type: 'authenticated', expiresAt: claims.exp ?? 0 });
    for (const document of this.#documents.values()) await document.renew(claims);
  }

  #pong(clientTime: number): void {
    this.#send({ type: 'pong', clientTime, serverTime: this.#deps.clock.now() });
  }

  #close(number: number): void {
    const document = this.#documents.get(number);
    if (document === undefined) return;
    this.#documents.delete(number);
    this.#names.delete(document.name);
    document.close();
  }

  #end(document: NativeDocument, error: SyncError): void {
    if (!this.#documents.has(document.number)) return;
    const { code, reason } = error;
    const fields = { code, address: this.#socket.remoteAddress, err: error.cause ?? error.message };
    if (code === 'INTERNAL') this.#deps.logger.error(fields, 'a document failed');
    else this.#deps.logger.info(fields, 'a document was closed');
    this.#close(document.number);
    this.#send({ type: 'closed', document: document.number, code, reason });
  }

  #send(message: NativeServerMessage): void {
    this.#socket.send(encodeServerFrame(message));
  }

  #watchExpiry(): void {
    if (this.#claims === undefined) return;
    const expired = (): void => this.refuse(new SyncError('TOKEN_EXPIRED'));
    this.#expiry.watch(this.#deps.clock, this.#claims, expired);
  }

  #leave(): void {
    this.#isEnded = true;
    this.#expiry.cancel();
    this.#messages.stop();
    for (const number of this.#documents.keys()) this.#close(number);
  }
}

type DocumentMessage = Exclude<NativeClientMessage, { type: 'hello' | 'open' | 'token' | 'ping' | 'close' }>;

function toClientMessage(message: DocumentMessage): ClientMessage {
  return message.type === 'request' ? { type: 'sync-request', stateVector: message.stateVector } : message;
}
