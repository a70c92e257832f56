// From an upgrade request to a session: everything that is checked before a document is so much as looked for (A1).

import {
  documentNameFromPath,
  documentOfRights,
  pathTakenFor,
  type DocumentName,
} from '../../shared/document-name.js';
import { SyncError, toSyncError } from '../../shared/errors.js';
import type { Deflation } from '../../shared/native/deflation.js';
import type { Access, Claims } from '../../shared/permission.js';
import type { Authenticator } from '../auth/authenticator.js';
import type { Socket, SocketHandler, UpgradeDecision, UpgradeRequest } from '../transport/transport.js';
import { BoundedDeflation } from './bounded-deflation.js';
import { createCallGate } from './call-gate.js';
import { ClientSessions } from './client-sessions.js';
import { DisconnectOperations, type DisconnectDeps } from './disconnect-operations.js';
import { FrameCache } from './frame-cache.js';
import { platformOf } from './device-platform.js';
import { signsOf } from './device-signs.js';
import { DocumentSession, type DocumentSessionDeps } from './document-session.js';
import { Inflater } from './inflater.js';
import { NativeSession, type NativeSessionDeps } from './native-session.js';
import type { Identity } from './rights.js';
import type { DeviceSigns } from './session-devices.js';
import type { SessionRegistry } from './session-registry.js';
import { logRefusal, SharedTexts, type Who } from './who.js';

type Own =
  | 'ended'
  | 'texts'
  | 'identified'
  | 'isStale'
  | 'frames'
  | 'inflater'
  | 'callGate'
  | 'authority'
  | 'admit'
  | 'clientSessions'
  | 'disconnects';

export interface GatewayDeps extends Omit<DocumentSessionDeps & NativeSessionDeps, Own> {
  readonly authenticator: Authenticator;
  /** The token of a request, and the subprotocol to answer with. */
  readonly credentials: (request: UpgradeRequest) => {
    token: string | undefined;
    subprotocol: string | undefined;
  };
  /** Throws SyncError FORBIDDEN for a browser on a page that may not connect. */
  readonly checkOrigin: (request: UpgradeRequest) => void;
  readonly sessions: SessionRegistry;
  readonly deflation: Deflation;
  /** Keeps what is to change when sessions end. */
  readonly store: DisconnectDeps['store'];
  /** Everybody is let in without a token, so nobody is a stranger to the transport. Default false. */
  readonly isOpen?: boolean;
}

/** After a restart of the server clients come back later than after any other loss: they wait for longer each time. */
const awayAfterRestart = 3;

/** What is kept of a request for the log. */
type From = Pick<Who, 'origin' | 'kid'>;

/** The same, and what it says of its device. */
interface Caller extends From {
  readonly device: DeviceSigns;
}

/** Characters of a path that go into the log. */
const maxPathLength = 200;

export class Gateway {
  readonly #deps: GatewayDeps;
  readonly #clientSessions: ClientSessions;
  readonly #disconnects: DisconnectOperations;
  readonly #sessionDeps: DocumentSessionDeps & NativeSessionDeps;
  /** By their claims: connections with the same token keep it once. */
  readonly #identities = new WeakMap<Claims, Identity>();
  readonly #texts = new SharedTexts();
  #connections = 0;
  #isDraining = false;

  constructor(deps: GatewayDeps) {
    this.#deps = deps;
    const deflation = new BoundedDeflation(deps.deflation);
    const { store, operator, limits, logger, clock } = deps;
    const authorize = (claims: Claims, document: DocumentName): Access | Promise<Access> =>
      this.#access(claims, document);
    const refusal = (claims: Claims, deviceId?: string): SyncError | undefined =>
      deps.authenticator.refusal?.(claims, deviceId);
    this.#disconnects = new DisconnectOperations({
      store,
      operator,
      authorize: async ({ claims, deviceId }, document) => {
        const shutOut = refusal(claims, deviceId);
        if (shutOut !== undefined) throw shutOut;
        return authorize(claims, document);
      },
      clock,
      limits,
      logger,
    });
    this.#clientSessions = new ClientSessions({
      clock,
      maxAwayMs: limits.maxAwayMs,
      ended: (key) => this.#disconnects.ended(key),
    });
    this.#sessionDeps = {
      ...deps,
      clientSessions: this.#clientSessions,
      disconnects: this.#disconnects,
      frames: new FrameCache(deps.clock, deflation),
      inflater: new Inflater(deflation, deps.limits),
      callGate: createCallGate(deps.limits),
      texts: this.#texts,
      ended: (session) => {
        deps.sessions.remove(session);
        deps.devices?.ended(session);
        deps.rosters?.ended(session);
      },
      identified: (session, before) => {
        deps.sessions.identified(session, before);
        deps.devices?.identified(session);
        deps.rosters?.identified(session);
      },
      isStale: (claims) => deps.authenticator.isStale?.(claims) === true,
      authority: {
        authenticate: (token) => this.#authenticate(token),
        authorize,
        refusal,
      },
      admit: (token) => this.#admit(token),
    };
  }

  /** Takes up what earlier runs of the server have promised to sessions that had not ended. */
  async resume(): Promise<void> {
    const awayMs = awayAfterRestart * this.#deps.limits.maxAwayMs;
    for (const key of await this.#disconnects.load()) this.#clientSessions.restore(key, awayMs);
  }

  /** The document was deleted: what clients have asked for in it at their end is not to bring it back. */
  forget(document: DocumentName): Promise<void> {
    return this.#disconnects.forget(document);
  }

  /** From now on nobody gets in, and no session ends: clients come back to the next run of the server. */
  stopAdmission(): void {
    this.#isDraining = true;
    this.#clientSessions.close();
    this.#disconnects.close();
  }

  /**
   * What can be refused before the upgrade is refused by HTTP status. A missing or bad token, or right, is told by close
   * code on an open socket, because browsers hide the status of a failed upgrade: so the socket opens while the token
   * is still being checked, and what it sends meanwhile waits.
   */
  upgrade(request: UpgradeRequest): UpgradeDecision {
    const { checkOrigin, limits, sessions } = this.#deps;
    if (this.#isDraining)
      return this.#refuse(request, new SyncError('DRAINING', 'the server is shutting down'), { status: 503 });
    if (sessions.size >= limits.maxConnections)
      return this.#refuse(request, new SyncError('RATE_LIMITED', 'too many connections'), { status: 503 });
    const { token, subprotocol } = this.#deps.credentials(request);
    let open: (socket: Socket) => SocketHandler;
    try {
      checkOrigin(request);
      const platform = this.#texts.of(platformOf(request.header('user-agent'))) ?? '';
      const device = signsOf(undefined, { name: '', platform });
      const from = { ...this.#from(request, token), device };
      open =
        request.path === '/' ? this.#openNative(token, from) : this.#openDocument(request.path, token, from);
    } catch (error) {
      return this.#refuse(request, toSyncError(error), { token });
    }
    const isTrusted = this.#deps.isOpen === true;
    return { accept: true, subprotocol, isTrusted, hasToken: token !== undefined, open };
  }

  /** By HTTP status, before there is a connection. */
  #refuse(
    request: UpgradeRequest,
    error: SyncError,
    { status, token }: { status?: number; token?: string | undefined } = {},
  ): UpgradeDecision {
    const { remoteAddress: address, path } = request;
    const document = path.slice(1, maxPathLength);
    logRefusal(this.#deps.logger, error, { address, ...this.#from(request, token), document }, 'connection');
    // Where the server lets nobody in there is nothing for a program to tell apart.
    const body = status === undefined ? error.reason : error.detail;
    return { accept: false, status: status ?? error.httpStatus, body };
  }

  /** What the log says of a request, beside its address. */
  #from(request: UpgradeRequest, token: string | undefined): From {
    const origin = this.#texts.of(request.header('origin'));
    const kid = token === undefined ? undefined : this.#texts.of(this.#deps.keyIdOf?.(token));
    return { origin, kid };
  }

  async #authenticate(token: string | undefined): Promise<Identity> {
    const claims = await this.#deps.authenticator.authenticate(token);
    const known = this.#identities.get(claims);
    if (known !== undefined && known.token === token) return known;
    const identity = { token: token === undefined ? undefined : withoutItsHeader(token), claims };
    this.#identities.set(claims, identity);
    return identity;
  }

  async #admit(token: string | undefined): Promise<Identity> {
    const identity = await this.#authenticate(token);
    if (this.#isDraining) throw new SyncError('DRAINING');
    return identity;
  }

  /** At once where no hook is asked. */
  #access(claims: Claims, document: DocumentName): Access | Promise<Access> {
    const access = this.#deps.authenticator.authorize(claims, documentOfRights(document));
    const isForComments = this.#deps.commentRoots.length > 0;
    if (access instanceof Promise) return access.then((later) => allowed(later, isForComments));
    return allowed(access, isForComments);
  }

  #openDocument(path: string, token: string | undefined, from: Caller): (socket: Socket) => SocketHandler {
    const document = documentNameFromPath(path.slice(1));
    const identity = this.#admit(token).catch((error: unknown) => {
      throw withPath(toSyncError(error), document);
    });
    // A token that is not believed is told on the open socket, by whoever waits there.
    identity.catch(() => {});
    return (socket) => {
      const connectionId = this.#nextConnectionId();
      const session = new DocumentSession(this.#sessionDeps, { socket, connectionId, document, ...from });
      this.#add(session);
      void session.begin(identity);
      return session;
    };
  }

  #openNative(requestToken: string | undefined, from: Caller): (socket: Socket) => SocketHandler {
    return (socket) => {
      const connectionId = this.#nextConnectionId();
      const session = new NativeSession(this.#sessionDeps, { socket, connectionId, requestToken, ...from });
      this.#add(session);
      return session;
    };
  }

  #add(session: DocumentSession | NativeSession): void {
    this.#deps.sessions.add(session);
    this.#deps.logger.debug(session.who, 'a connection has opened');
  }

  #nextConnectionId(): string {
    return `c${++this.#connections}`;
  }
}

/** Throws SyncError FORBIDDEN where nothing is allowed. Where there is nowhere to comment, a commenter is a reader (A19). */
function allowed(access: Access, isForComments: boolean): Access {
  if (access === 'none') throw new SyncError('FORBIDDEN', 'the token does not allow this document');
  return access === 'comment' && !isForComments ? 'read' : access;
}

/** Heddle's own client, whose token is not in the request, may be here because a proxy leaves its prefix in the path. */
function withPath(error: SyncError, document: DocumentName): SyncError {
  return error.code === 'TOKEN_MISSING' ? new SyncError('TOKEN_MISSING', pathTakenFor(document)) : error;
}

/** A copy: what is cut out of a header keeps all of it in memory, which may be a page of cookies. */
function withoutItsHeader(token: string): string {
  return Buffer.from(token).toString();
}
