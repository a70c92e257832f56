// From an upgrade request to a session: everything that is checked before a document is so much as looked for (A1).

import { documentNameFromPath, type DocumentName } from '../../shared/document-name.js';
import { SyncError, toSyncError } from '../../shared/errors.js';
import type { Access, Claims } from '../../shared/permission.js';
import type { Authenticator } from '../auth/authenticator.js';
import type { Socket, SocketHandler, UpgradeDecision, UpgradeRequest } from '../transport/transport.js';
import { FrameCache } from './frame-cache.js';
import { Session, type SessionDeps } from './session.js';
import type { SessionRegistry } from './session-registry.js';

interface Checked {
  readonly claims: Claims;
  readonly access: Access;
}

export interface GatewayDeps extends Omit<SessionDeps, 'check' | 'ended' | 'frames'> {
  readonly authenticator: Authenticator;
  /** The token of a request, and the subprotocol to answer with. */
  readonly credentials: (request: UpgradeRequest) => {
    token: string | undefined;
    subprotocol: string | undefined;
  };
  /** Throws SyncError FORBIDDEN for a browser on a page that may not connect. */
  readonly checkOrigin: (request: UpgradeRequest) => void;
  readonly sessions: SessionRegistry;
}

export class Gateway {
  readonly #deps: GatewayDeps;
  readonly #sessionDeps: SessionDeps;
  /** What claims were read from: connections with the same token keep it once. */
  readonly #tokens = new WeakMap<Claims, string>();
  #connections = 0;
  #isDraining = false;

  constructor(deps: GatewayDeps) {
    this.#deps = deps;
    this.#sessionDeps = {
      ...deps,
      frames: new FrameCache(deps.clock),
      check: ({ claims, document }) => this.#checkAgain(claims, document),
      ended: (session) => deps.sessions.remove(session),
    };
  }

  /** From now on nobody gets in. */
  drain(): void {
    this.#isDraining = true;
  }

  /**
   * What can be refused before the upgrade is refused by HTTP status. A missing or bad token, or right, is told by close
   * code on an open socket, because browsers hide the status of a failed upgrade: so the socket opens while the token
   * is still being checked, and what it sends meanwhile waits.
   */
  upgrade(request: UpgradeRequest): UpgradeDecision {
    const { checkOrigin, limits, sessions } = this.#deps;
    if (this.#isDraining) return { accept: false, status: 503, body: 'the server is shutting down' };
    if (sessions.size >= limits.maxConnections)
      return { accept: false, status: 503, body: 'too many connections' };
    let document: DocumentName;
    try {
      checkOrigin(request);
      document = documentNameFromPath(request.path.slice(1));
    } catch (error) {
      const { httpStatus, reason } = toSyncError(error);
      return { accept: false, status: httpStatus, body: reason };
    }
    const { token, subprotocol } = this.#deps.credentials(request);
    const verdict = this.#admit(token, document);
    return { accept: true, subprotocol, open: (socket) => this.#open(socket, document, verdict) };
  }

  async #admit(token: string | undefined, document: DocumentName): Promise<Checked | SyncError> {
    const { authenticator } = this.#deps;
    try {
      const claims = await authenticator.authenticate(token);
      const access = await this.#access(claims, document);
      if (token !== undefined && !this.#tokens.has(claims)) this.#tokens.set(claims, withoutItsHeader(token));
      return { claims, access };
    } catch (error) {
      return toSyncError(error);
    }
  }

  async #checkAgain(claims: Claims, document: DocumentName): Promise<Access> {
    return this.#access(await this.#deps.authenticator.authenticate(this.#tokens.get(claims)), document);
  }

  async #access(claims: Claims, document: DocumentName): Promise<Access> {
    const access = await this.#deps.authenticator.authorize(claims, document);
    if (access === 'none') throw new SyncError('FORBIDDEN', 'the token does not allow this document');
    return access;
  }

  #open(socket: Socket, document: DocumentName, verdict: Promise<Checked | SyncError>): SocketHandler {
    const session = new Session(this.#sessionDeps, socket);
    this.#deps.sessions.add(session);
    void verdict.then((checked) => {
      if (checked instanceof SyncError) return session.refuse(checked);
      if (this.#isDraining) return session.refuse(new SyncError('DRAINING'));
      const { claims, access } = checked;
      const connectionId = `c${++this.#connections}`;
      return session.begin({ connectionId, document, claims, remoteAddress: socket.remoteAddress }, access);
    });
    return session;
  }
}

/** A copy: what is cut out of a header keeps all of it in memory, which may be a page of cookies. */
function withoutItsHeader(token: string): string {
  return Buffer.from(token).toString();
}
