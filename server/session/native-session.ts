// One WebSocket of Heddle's own client: a token for all, and documents that come and go. Turns a SyncError about a document
// into its end, and one about the connection into that of the connection.

import { parseDocumentName, type DocumentName } from '../../shared/document-name.js';
import { SyncError, toSyncError } from '../../shared/errors.js';
import type { Known } from '../../shared/native/fields.js';
import { encodeServerFrame, readClientFrame } from '../../shared/native/frame.js';
import {
  type NativeClientMessage,
  type NativeServerMessage,
  type UnknownMessage,
} from '../../shared/native/messages.js';
import type { Claims } from '../../shared/permission.js';
import type { Dialect } from '../dialect/dialect.js';
import type { ClientMessage } from '../dialect/messages.js';
import type { Socket, SocketHandler } from '../transport/transport.js';
import { BeforeToken } from './before-token.js';
import { ByteBudget } from './byte-budget.js';
import { commonVersion } from './common-version.js';
import type { CallGate } from './call-gate.js';
import { Calls, type CallHook, type CallsHost } from './calls.js';
import type { ClientSessions, SessionHolder } from './client-sessions.js';
import { DeviceRequests, type DeviceRequestsHost } from './device-requests.js';
import { signsOf } from './device-signs.js';
import { deviceProof } from './device-proof.js';
import type { DisconnectOperations, Operator } from './disconnect-operations.js';
import { Farewell, type Leaving } from './farewell.js';
import { checkFrameSize } from './frame-size.js';
import type { Inflater } from './inflater.js';
import { MessageQueue, type MessageHandler, type MessageSource } from './message-queue.js';
import { NativeDocument, type NativeDocumentHost } from './native-document.js';
import { Operations, type OperationsHost } from './operations.js';
import { Outbox } from './outbox.js';
import { OtherUserError, Rights, type Identity, type RightsHost } from './rights.js';
import type { RosterViewDeps } from './roster-view.js';
import type { DeviceSigns } from './session-devices.js';
import type { ConnectionSummary, Session, SessionDeps } from './session.js';
import { staleToken } from './stale-token.js';
import { TokenBucket } from './token-bucket.js';
import { welcomeOf, type WelcomeDeps } from './welcome.js';
import { logRefusal, shortened, type Who } from './who.js';

/** What all sessions of this kind share. */
export interface NativeSessionDeps extends SessionDeps, RosterViewDeps, WelcomeDeps {
  readonly nativeDialect: Dialect;
  /** The first token of a connection. Rejects with SyncError when it is not believed, or nobody is let in any more. */
  readonly admit: (token: string | undefined) => Promise<Identity>;
  readonly clientSessions: ClientSessions;
  readonly inflater: Inflater;
  /** What answers the calls of clients; undefined where no call is known. */
  readonly call: CallHook | undefined;
  readonly callGate: CallGate;
  /** Makes changes that clients ask for. */
  readonly operator: Operator;
  readonly disconnects: DisconnectOperations;
  /** The client was to be asked for a newer token when it was not connected. */
  readonly isStale: (claims: Claims) => boolean;
}

type Message = NativeClientMessage | UnknownMessage;

type HelloMessage = Extract<NativeClientMessage, { type: 'hello' }>;
type DeflatedMessage = Extract<NativeClientMessage, { type: 'deflated' }>;
type OpenMessage = Extract<NativeClientMessage, { type: 'open' }>;
type DocumentMessage = Extract<
  NativeClientMessage,
  { type: 'request' | 'update' | 'offer' | 'awareness' | 'sync' }
>;

/** Characters of a client's name and version that go into the log. */
const maxAgentLength = 100;
/** The same of a name that no document can have. */
const maxNameLength = 200;
/** A new token is checked, and asked about every document: so many at once, then one per this time. */
const maxTokens = 10;
const tokenEveryMs = 1_000;
const nothing = new Uint8Array(0);

export class NativeSession
  implements
    SocketHandler,
    Session,
    NativeDocumentHost,
    RightsHost,
    CallsHost,
    OperationsHost,
    DeviceRequestsHost,
    SessionHolder,
    Leaving,
    MessageHandler<Message>
{
  readonly deps: NativeSessionDeps;
  readonly socket: Socket;
  readonly connectionId: string;
  readonly outbox: Outbox;
  readonly rights: Rights;
  /** Of the upgrade request, for clients that send none. */
  readonly #requestToken: string | undefined;
  readonly #origin: string | undefined;
  #kid: string | undefined;
  readonly #farewell: Farewell;
  readonly #beforeToken: BeforeToken;
  readonly #messages: MessageQueue<Message>;
  /** Made with the first new token: many connections never see one. */
  #tokens: TokenBucket | undefined;
  #held: ByteBudget | undefined;
  /** Made with the first call: most connections never make one. */
  #calls: Calls | undefined;
  /** Made with the first operation. */
  #operations: Operations | undefined;
  /** Made with the first question about devices. */
  #deviceRequests: DeviceRequests | undefined;
  /** Those that are being opened, too. */
  readonly #documents = new Map<DocumentName, NativeDocument>();
  readonly #byNumber = new Map<number, NativeDocument>();
  /** It has said hello: before, it may be a stock client that was given no document, and would not understand us. */
  #hasGreeted = false;
  #device: DeviceSigns;
  #proof: string | undefined;
  #sessionKey: string | undefined;
  #inflates = false;
  #comments = false;
  /** The connection ends without a word of either side, as far as it is known: the client may come back. */
  #isLost = true;

  constructor(
    deps: NativeSessionDeps,
    of: {
      socket: Socket;
      connectionId: string;
      requestToken: string | undefined;
      origin: string | undefined;
      kid: string | undefined;
      device: DeviceSigns;
    },
  ) {
    this.deps = deps;
    this.socket = of.socket;
    this.connectionId = of.connectionId;
    this.#requestToken = of.requestToken;
    this.#origin = of.origin;
    this.#kid = of.kid;
    this.#device = of.device;
    this.outbox = new Outbox(this, deps);
    this.rights = new Rights(this, deps);
    this.#farewell = new Farewell(deps, this);
    this.#beforeToken = new BeforeToken(deps, this);
    this.#messages = new MessageQueue(this, deps);
    this.#messages.open();
  }

  get summary(): ConnectionSummary {
    const { connectionId: id, socket, rights } = this;
    const documents = [...this.#documents.keys()];
    return { id, protocol: 'heddle', claims: rights.claims, remoteAddress: socket.remoteAddress, documents };
  }

  get who(): Who {
    const { connectionId: connection, socket, rights } = this;
    const { remoteAddress: address } = socket;
    return { connection, address, origin: this.#origin, sub: rights.claims?.sub, kid: this.#kid };
  }

  get device(): DeviceSigns {
    return this.#device;
  }

  get proof(): string | undefined {
    return this.#proof;
  }

  get sessionKey(): string | undefined {
    return this.#sessionKey;
  }

  get inflates(): boolean {
    return this.#inflates;
  }

  get comments(): boolean {
    return this.#comments;
  }

  get dialect(): Dialect {
    return this.deps.nativeDialect;
  }

  get waiting(): ByteBudget {
    return this.#beforeToken.waiting;
  }

  get held(): ByteBudget {
    return (this.#held ??= new ByteBudget(this.deps.limits.maxHeldBytes));
  }

  message(frame: Uint8Array, isBinary: boolean): void {
    if (this.#farewell.isSaid) return;
    try {
      if (!isBinary) throw new SyncError('FRAME_MALFORMED', 'frames are binary');
      checkFrameSize(frame.length, this.deps.limits);
      this.#messages.push(readClientFrame(frame));
    } catch (error) {
      this.refuse(toSyncError(error));
    }
  }

  drained(): void {
    this.outbox.drained();
    for (const document of this.#byNumber.values()) document.drained();
  }

  dropped(): void {
    this.#farewell.dropped();
  }

  closed(code: number): void {
    // A page that is left, or closed.
    if (code === 1001) this.#isLost = false;
    this.#farewell.closed();
  }

  tick(): void {
    if (this.#farewell.isSaid) return;
    try {
      this.outbox.checkProgress();
      for (const document of this.#byNumber.values()) document.checkProgress();
      this.rights.look();
    } catch (error) {
      this.refuse(toSyncError(error));
    }
  }

  refuse(error: SyncError): void {
    if (error.retry === 'never') this.#isLost = false;
    this.#farewell.refuse(error);
  }

  end(document: NativeDocument, error: SyncError): void {
    if (this.#documents.get(document.name) !== document) return;
    const { isOpen, number, ref } = document;
    this.#close(document);
    const how = isOpen ? 'closed' : 'refused';
    logRefusal(this.deps.logger, error, { ...this.who, document: document.name }, 'document', { how });
    const { fault } = error;
    if (isOpen && number !== undefined) this.#send({ type: 'closed', document: number, ...fault });
    else this.#send({ type: 'not-opened', ref, ...fault });
  }

  /**
   * Throws or rejects with SyncError to end the connection. A promise means: the next message waits, and those that the promise
   * brings come before it.
   */
  handle(message: Message): void | Promise<void | MessageSource<Message>> {
    if (message.type === 'hello') return this.#greet(message);
    if (this.rights.claims === undefined)
      throw new SyncError('FRAME_MALFORMED', 'the first message is hello');
    switch (message.type) {
      case 'unknown':
        return;
      case 'open':
        // Others do not wait for it.
        return void this.#open(message);
      case 'token':
        return this.#renew(message.token);
      case 'ping':
        return this.#pong(message.clientTime);
      case 'close':
        return this.#closeNumber(message.document);
      case 'deflated':
        return this.#inflate(message);
      case 'call':
        this.#calls ??= new Calls(this);
        return this.#calls.take(message, this.#byNumber.get(message.document));
      case 'operate':
        this.#operations ??= new Operations(this);
        return this.#operations.take(message, this.#byNumber.get(message.document));
      case 'devices':
      case 'change-device':
        this.#deviceRequests ??= new DeviceRequests(this);
        return this.#deviceRequests.take(message);
      case 'leave':
        this.#isLost = false;
        this.#sessionKey = undefined;
        return this.deps.clientSessions.leave(this, false);
      case 'watch-roster':
        return this.#byNumber.get(message.document)?.watchRoster(message.isOn);
      default:
        // One that has just been closed: its messages may still be on their way.
        return this.#byNumber.get(message.document)?.take(toClientMessage(message));
    }
  }

  renewed(claims: Claims): void {
    this.#send({ type: 'authenticated', expiresAt: claims.exp ?? 0 });
    if (this.#sessionKey !== undefined)
      this.deps.disconnects.renewed(this.#sessionKey, { claims, deviceId: this.#device.id(claims) });
  }

  identified(before: Claims | undefined): void {
    this.deps.identified(this, before);
    for (const document of this.#documents.values()) document.identified();
  }

  get claims(): Claims | undefined {
    return this.rights.claims;
  }

  recheck(): void {
    this.rights.recheck();
    // What was refused before may be allowed now, and only the client knows what that is.
    if (!this.#farewell.isSaid) this.#send({ type: 'rights-changed', later: nothing });
  }

  wantToken({ reason }: SyncError): void {
    this.#send({ type: 'token-wanted', reason });
  }

  sendAway(error: SyncError): void {
    this.#farewell.sendAway(error);
  }

  say(message: NativeServerMessage): void {
    this.#send(message);
  }

  leave(): void {
    this.deps.clientSessions.leave(this, this.#isLost);
    this.#calls?.close();
    this.#operations?.close();
    this.#deviceRequests?.close();
    this.rights.close();
    this.#beforeToken.close();
    this.#messages.stop();
    for (const document of this.#documents.values()) this.#close(document);
    this.outbox.close();
  }

  /** Past the outbox, which is closed by then. */
  tell({ fault }: SyncError): void {
    if (this.#hasGreeted) this.socket.send(encodeServerFrame({ type: 'goodbye', ...fault, retryAfterMs: 0 }));
  }

  gone(): void {
    this.deps.ended(this);
  }

  async #greet(message: HelloMessage): Promise<void> {
    if (this.#hasGreeted) throw new SyncError('FRAME_MALFORMED', 'hello comes once');
    this.#hasGreeted = true;
    const { token, device, agent, extensions } = message;
    const version = commonVersion(message);
    this.#beforeToken.presented();
    this.#proof = deviceProof(device);
    const { deviceName = '', platform } = extensions ?? {};
    this.#device = signsOf(this.#proof, {
      name: shortened(deviceName),
      platform: platform === undefined ? this.#device.platform : shortened(platform),
    });
    this.#inflates = extensions?.inflates === true;
    this.#comments = extensions?.comments === true;
    if (token !== '') this.#kid = this.#keyIdOf(token);
    this.deps.logger.debug(
      { ...this.who, agent: agent.slice(0, maxAgentLength) },
      'a native client says hello',
    );
    await this.rights.begin(this.deps.admit(token === '' ? this.#requestToken : token));
    if (this.#farewell.isSaid) return;
    this.#beforeToken.believed();
    this.socket.trust();
    this.deps.logger.debug(this.who, 'a connection was let in');
    const { sub: user } = this.rights.claims ?? {};
    this.#sessionKey = this.deps.clientSessions.enter(this, { user, session: extensions?.session });
    this.#welcome(version);
  }

  #welcome(version: number): void {
    const { claims } = this;
    // The devices of a user can be asked for.
    const hasDevices = this.deps.devices !== undefined && claims?.sub !== undefined;
    this.#send(welcomeOf(this.deps, version, claims, hasDevices));
    if (claims !== undefined && this.deps.isStale(claims)) this.wantToken(staleToken());
  }

  /** Never rejects. */
  async #open({ ref, name, known, extensions }: OpenMessage): Promise<void> {
    let document: NativeDocument | undefined;
    const knownBytes = known.kind === 'state-vector' ? known.stateVector.length : 0;
    const isCounted = this.waiting.take(knownBytes);
    try {
      if (!isCounted) throw new SyncError('RATE_LIMITED', 'too much was sent before it could be answered');
      const copy = copyOf(known);
      document = this.#add(ref, parseDocumentName(name));
      if (!(await document.enter(extensions?.revives === true))) return;
      if (document.number !== undefined) this.#byNumber.set(document.number, document);
      await document.begin(copy);
    } catch (error) {
      const failure = toSyncError(error);
      if (document !== undefined) return this.end(document, failure);
      logRefusal(
        this.deps.logger,
        failure,
        { ...this.who, document: name.slice(0, maxNameLength) },
        'document',
      );
      this.#send({ type: 'not-opened', ref, ...failure.fault });
    } finally {
      if (isCounted) this.waiting.give(knownBytes);
    }
  }

  #add(ref: number, name: DocumentName): NativeDocument {
    const { maxDocumentsPerConnection } = this.deps.limits;
    if (this.#documents.has(name)) throw new SyncError('FRAME_MALFORMED', 'the document is open already');
    if (this.#documents.size >= maxDocumentsPerConnection)
      throw new SyncError('RATE_LIMITED', `at most ${maxDocumentsPerConnection} documents at once`);
    const document = new NativeDocument(this, { name, ref });
    this.#documents.set(name, document);
    return document;
  }

  /** A token that is not believed leaves the old one in force; one of another user ends the connection. */
  async #renew(token: string): Promise<void> {
    this.#tokens ??= new TokenBucket(this.deps.clock, maxTokens, tokenEveryMs);
    if (!this.#tokens.take()) throw new SyncError('RATE_LIMITED', 'too many tokens');
    try {
      await this.rights.renew(token);
      this.#kid = this.#keyIdOf(token);
    } catch (error) {
      const refusal = toSyncError(error);
      if (error instanceof OtherUserError) return this.refuse(error);
      logRefusal(this.deps.logger, refusal, { ...this.who, kid: this.#keyIdOf(token) }, 'token');
      this.#send({ type: 'token-wanted', reason: refusal.reason });
    }
  }

  /** The frame is only valid while the transport delivers it, and is inflated later. */
  async #inflate({ size, body }: DeflatedMessage): Promise<MessageSource<Message>> {
    return readClientFrame(await this.deps.inflater.inflate(body.slice(), size), true);
  }

  #keyIdOf(token: string): string | undefined {
    return this.deps.texts.of(this.deps.keyIdOf?.(token));
  }

  #pong(clientTime: number): void {
    this.#send({ type: 'pong', clientTime, serverTime: this.deps.clock.now() });
  }

  #closeNumber(number: number): void {
    const document = this.#byNumber.get(number);
    if (document !== undefined) this.#close(document);
  }

  #close(document: NativeDocument): void {
    this.#documents.delete(document.name);
    if (document.number !== undefined) this.#byNumber.delete(document.number);
    document.close();
  }

  #send(message: NativeServerMessage): void {
    this.outbox.send(encodeServerFrame(message));
  }
}

function toClientMessage(message: DocumentMessage): ClientMessage {
  return message.type === 'request' ? { type: 'sync-request', stateVector: message.stateVector } : message;
}

/** A frame is only valid while the transport delivers it. */
function copyOf(known: Known): Known {
  return known.kind === 'state-vector' ? { ...known, stateVector: known.stateVector.slice() } : known;
}
