// From an upgrade request to a session: everything that is checked before a document is so much as looked for (A1).

import type { Clock } from '../../shared/clock.js';
import { documentNameFromPath, type DocumentName } from '../../shared/document-name.js';
import { SyncError, toSyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import type { Logger } from '../../shared/logger.js';
import type { Access, Claims } from '../../shared/permission.js';
import type { Authenticator } from '../auth/authenticator.js';
import type { Dialect } from '../dialect/dialect.js';
import type { RoomRegistry } from '../room/room-registry.js';
import type { Socket, SocketHandler, UpgradeDecision, UpgradeRequest } from '../transport/transport.js';
import type { RoomFanout } from './room-fanout.js';
import { Session, type Admitted } from './session.js';
import type { SessionRegistry } from './session-registry.js';
import type { Tarpit } from './tarpit.js';

/** Somebody who passed the checks. */
export interface Visitor {
  readonly connectionId: string;
  readonly document: DocumentName;
  readonly claims: Claims;
  readonly remoteAddress: string;
}

type Checked = Pick<Admitted, 'claims' | 'access' | 'check'>;

export interface GatewayDeps {
  readonly authenticator: Authenticator;
  /** The token of a request, and the subprotocol to answer with. */
  readonly credentials: (request: UpgradeRequest) => {
    token: string | undefined;
    subprotocol: string | undefined;
  };
  /** Throws SyncError FORBIDDEN for a browser on a page that may not connect. */
  readonly checkOrigin: (request: UpgradeRequest) => void;
  readonly dialect: Dialect;
  readonly registry: RoomRegistry<RoomFanout>;
  readonly sessions: SessionRegistry;
  readonly tarpit: Tarpit;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly connected: (visitor: Visitor) => Promise<void>;
  readonly disconnected: (visitor: Visitor) => void;
}

export class Gateway {
  readonly #deps: GatewayDeps;
  #connections = 0;
  #isDraining = false;

  constructor(deps: GatewayDeps) {
    this.#deps = deps;
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
      const check = async (): Promise<Access> =>
        this.#access(await authenticator.authenticate(token), document);
      return { claims, access, check };
    } catch (error) {
      return toSyncError(error);
    }
  }

  async #access(claims: Claims, document: DocumentName): Promise<Access> {
    const access = await this.#deps.authenticator.authorize(claims, document);
    if (access === 'none') throw new SyncError('FORBIDDEN', 'the token does not allow this document');
    return access;
  }

  #open(socket: Socket, document: DocumentName, verdict: Promise<Checked | SyncError>): SocketHandler {
    const { sessions, connected, disconnected } = this.#deps;
    let entered: Visitor | undefined;
    let hasEnded = false;
    const { dialect, registry, clock, limits, logger, tarpit } = this.#deps;
    const session = new Session({
      dialect,
      registry,
      clock,
      limits,
      logger,
      tarpit,
      socket,
      ended: (ended) => {
        sessions.remove(ended);
        hasEnded = true;
        if (entered !== undefined) disconnected(entered);
      },
    });
    sessions.add(session);
    const enter = async (claims: Claims): Promise<void> => {
      const connectionId = `c${++this.#connections}`;
      const visitor = { connectionId, document, claims, remoteAddress: socket.remoteAddress };
      await connected(visitor);
      if (hasEnded) disconnected(visitor);
      else entered = visitor;
    };
    void verdict.then((checked) => {
      if (checked instanceof SyncError) return session.refuse(checked);
      if (this.#isDraining) return session.refuse(new SyncError('DRAINING'));
      return session.begin({ ...checked, document, enter: () => enter(checked.claims) });
    });
    return session;
  }
}
