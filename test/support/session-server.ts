// Sessions, rooms and a store put together as create-server.ts does, over a transport in memory and a clock that stands
// still.

import { nativeDialect } from '../../server/dialect/native.js';
import { yWebsocketDialect } from '../../server/dialect/y-websocket.js';
import type { AccessLedger } from '../../server/auth/access-ledger.js';
import { createLedgerAuthenticator } from '../../server/auth/ledger-authenticator.js';
import { Devices } from '../../server/users/devices.js';
import { Users } from '../../server/users/users.js';
import type { Authenticator } from '../../server/auth/authenticator.js';
import { InProcessWorker } from './in-process-worker.js';
import { createStoredInspector } from '../../server/crdt/stored-inspector.js';
import { OperationRunner } from '../../server/room/operation-runner.js';
import { RoomRegistry, type RegistryDeps } from '../../server/room/room-registry.js';
import { maxReceivedBytes } from '../../server/session/frame-size.js';
import { Gateway, type GatewayDeps } from '../../server/session/gateway.js';
import { RoomFanout } from '../../server/session/room-fanout.js';
import type { Visitor } from '../../server/session/visitor.js';
import { SessionRegistry } from '../../server/session/session-registry.js';
import { Tarpit } from '../../server/session/tarpit.js';
import type { DocumentName } from '../../shared/document-name.js';
import { SyncError, type ErrorCode } from '../../shared/errors.js';
import { defaultLimits, type Limits } from '../../shared/limits.js';
import type { LogFields, Logger } from '../../shared/logger.js';
import type { Access, Claims } from '../../shared/permission.js';
import { ControlledStore } from './controlled-store.js';
import { createFakeClock, type FakeClock } from './fake-clock.js';
import { promptDeflation } from './prompt-deflation.js';
import { MemoryPeer, type MemoryPeerOptions } from './memory-peer.js';
import { createMemoryTransport, type MemoryTransport } from './memory-transport.js';
import { settled } from './turns.js';

/** What a token stands for. Tests change it while connections are open. */
export interface Bearer {
  sub?: string | undefined;
  exp?: number | undefined;
  iat?: number | undefined;
  jti?: string | undefined;
  sid?: string | undefined;
  access: Access;
  /** Documents with other rights. */
  documents?: Readonly<Record<string, Access>>;
  /** Why the token is refused. */
  refusal?: ErrorCode | undefined;
}

export class Bearers implements Authenticator {
  readonly byToken = new Map<string, Bearer>();
  /** How often a token was checked. */
  checks = 0;
  /** Waited for at each check of a token. */
  gate: Promise<void> | undefined;
  /** Called at each check of a token: what it returns is waited for. */
  whileAuthenticating: (token: string | undefined) => Promise<void> | undefined = () => undefined;
  /** Called whenever rights are asked for: what it returns is waited for. */
  whileAuthorizing: (token: string, document: DocumentName) => Promise<void> | undefined = () => undefined;

  async authenticate(token: string | undefined): Promise<Claims> {
    this.checks++;
    await this.gate;
    await this.whileAuthenticating(token);
    const bearer = token === undefined ? undefined : this.byToken.get(token);
    if (bearer === undefined) throw new SyncError(token === undefined ? 'TOKEN_MISSING' : 'TOKEN_INVALID');
    if (bearer.refusal !== undefined) throw new SyncError(bearer.refusal);
    const { sub, exp, iat, jti, sid } = bearer;
    return { sub, exp, iat, jti, sid, payload: { token } };
  }

  authorize(claims: Claims, document: DocumentName): Access | Promise<Access> {
    const token = String(claims.payload['token']);
    const access = (): Access => {
      const bearer = this.byToken.get(token);
      return bearer?.documents?.[document] ?? bearer?.access ?? 'none';
    };
    return this.whileAuthorizing(token, document)?.then(access) ?? access();
  }
}

export interface SessionServer {
  readonly transport: MemoryTransport;
  readonly clock: FakeClock;
  readonly store: ControlledStore;
  readonly registry: RoomRegistry<RoomFanout>;
  readonly sessions: SessionRegistry;
  readonly gateway: Gateway;
  readonly bearers: Bearers;
  /** Where the server was given a ledger. */
  readonly users: Users | undefined;
  readonly limits: Limits;
  readonly log: { readonly level: string; readonly fields: LogFields; readonly message: string }[];
  readonly failures: unknown[];
  readonly visitors: { readonly came: Visitor[]; readonly went: Visitor[] };
  /** A client of its own, which goes with the server. */
  connect(options?: MemoryPeerOptions): MemoryPeer;
  /** The same, after the 50 ms it takes to be admitted and in sync. */
  connected(options?: MemoryPeerOptions): Promise<MemoryPeer>;
  /** Moves the clock in small steps, and everything that can move in between. */
  run(ms: number, stepMs?: number): Promise<void>;
  /** Moves everything that can move while the clock stands still. */
  settle(): Promise<void>;
  /** Shuts down; rejects when a timer is left. */
  close(): Promise<void>;
}

export interface SessionServerOptions {
  readonly limits?: Partial<Limits>;
  readonly store?: ControlledStore;
  readonly clock?: FakeClock;
  readonly ledger?: AccessLedger;
  readonly maxTokenLifeS?: number;
  readonly bearers?: Bearers;
  readonly gateway?: Partial<GatewayDeps>;
  readonly registry?: Partial<RegistryDeps<RoomFanout>>;
}

/** Tokens `write`, `read` and `other` are known from the start. */
export function createSessionServer(options: SessionServerOptions = {}): SessionServer {
  const clock = options.clock ?? createFakeClock();
  const store = options.store ?? new ControlledStore();
  const limits = { ...defaultLimits, ...options.limits };
  const log: SessionServer['log'] = [];
  const visitors = { came: [] as Visitor[], went: [] as Visitor[] };
  const failures: unknown[] = [];
  const bearers = options.bearers ?? new Bearers();
  bearers.byToken.set('write', { access: 'write' });
  bearers.byToken.set('read', { sub: 'reader', access: 'read' });
  bearers.byToken.set('other', { sub: 'other', access: 'write' });
  const logger = notingLogger(log);
  let documents = 0;
  const inspector = createStoredInspector();
  const worker = options.registry?.worker ?? new InProcessWorker();
  const registry = new RoomRegistry<RoomFanout>({
    store,
    worker,
    clock,
    limits,
    logger,
    gc: true,
    commitIntervalMs: 10,
    createFanout: (document) =>
      new RoomFanout({ transport, document, limits, number: ++documents, inspector }),
    failed(error) {
      failures.push(error);
      gateway.stopAdmission();
      sessions.refuseAll(new SyncError('STORE_UNAVAILABLE'));
    },
    ...options.registry,
  });
  const sessions = new SessionRegistry(clock);
  const { ledger, maxTokenLifeS } = options;
  const devices =
    ledger === undefined
      ? undefined
      : new Devices({ store, ledger, sessions, clock, logger, limits, maxTokenLifeS });
  const users =
    ledger === undefined || devices === undefined
      ? undefined
      : new Users({ ledger, sessions, devices, clock, logger, maxTokenLifeS });
  const gateway = new Gateway({
    authenticator: ledger === undefined ? bearers : createLedgerAuthenticator(bearers, ledger),
    credentials: ({ query }) => ({
      token: new URLSearchParams(query).get('token') ?? undefined,
      subprotocol: undefined,
    }),
    checkOrigin: () => {},
    dialect: yWebsocketDialect,
    nativeDialect,
    deflation: promptDeflation,
    registry,
    sessions,
    devices,
    tarpit: new Tarpit(clock),
    maxSilenceMs: 40_000,
    identity: { server: 'server', run: 'run' },
    store,
    operator: new OperationRunner({ registry, worker, clock, gc: true }),
    call: undefined,
    commentRoots: options.registry?.commentRoots ?? [],
    clock,
    limits,
    logger,
    connected: async (visitor) => void visitors.came.push(visitor),
    disconnected: (visitor) => void visitors.went.push(visitor),
    ...options.gateway,
  });
  const transport = createMemoryTransport(
    { upgrade: (request) => gateway.upgrade(request), request: () => ({ status: 404 }) },
    { maxMessageBytes: maxReceivedBytes(limits), maxBufferedBytes: limits.maxBufferedBytes },
  );
  const clients: MemoryPeer[] = [];
  return {
    transport,
    clock,
    store,
    registry,
    sessions,
    gateway,
    bearers,
    users,
    limits,
    log,
    failures,
    visitors,
    connect(client) {
      const peer = new MemoryPeer(transport, client);
      clients.push(peer);
      return peer;
    },
    async connected(client) {
      const peer = this.connect(client);
      await this.run(50);
      return peer;
    },
    settle: () => transport.settle(),
    async run(ms, stepMs = 5) {
      await transport.settle();
      for (let left = ms; left > 0; left -= stepMs) {
        clock.advance(Math.min(left, stepMs));
        await transport.settle();
      }
    },
    async close() {
      gateway.stopAdmission();
      for (const client of clients.splice(0)) client.destroy();
      for (const operation of ['append', 'load', 'replace'] as const) store.release(operation);
      sessions.refuseAll(new SyncError('DRAINING'));
      await transport.settle();
      sessions.close();
      users?.close();
      const closing = Promise.all([devices?.close(), registry.close()]);
      // What a slow store still owes comes as time goes on.
      for (let turn = 0; turn < 30; turn++) {
        await settled(1);
        clock.advance(10);
      }
      await closing;
      transport.close();
      await settled();
      // Sockets that were sent away are looked at once more, 5 s later.
      clock.advance(5_000);
      if (clock.pending > 0) throw new Error(`${clock.pending} timers are left`);
    },
  };
}

function notingLogger(log: SessionServer['log']): Logger {
  const note =
    (level: string) =>
    (fields: LogFields, message: string): void =>
      void log.push({ level, fields, message });
  return { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
}
