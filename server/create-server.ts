// The composition root: the only file that names implementations. Says what is started and stopped, in which order.

import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import type * as Y from 'yjs';
import { systemClock, type Clock } from '../shared/clock.js';
import { parseDocumentName, type DocumentName } from '../shared/document-name.js';
import { SyncError } from '../shared/errors.js';
import type { Limits } from '../shared/limits.js';
import { silentLogger, type Logger } from '../shared/logger.js';
import { ApplicationHooks } from './application-hooks.js';
import { createDocsSite } from './api/docs-site.js';
import { healthRoutes } from './api/health.js';
import { route, type Routes } from './api/router.js';
import type { Authenticator } from './auth/authenticator.js';
import { AccessLedger } from './auth/access-ledger.js';
import { checkOrigin, takeCredentials } from './auth/credentials.js';
import { readOrMakeDemoKey } from './auth/demo-key.js';
import { createJwtAuthenticator } from './auth/jwt.js';
import { createLedgerAuthenticator } from './auth/ledger-authenticator.js';
import { createOpenAuthenticator } from './auth/open-authenticator.js';
import { keyIdOf } from './auth/token-shape.js';
import { createSeveralAuthenticator } from './auth/several.js';
import { ChangeNotifier } from './change-notifier.js';
import { createStoredInspector } from './crdt/stored-inspector.js';
import { nativeDialect } from './dialect/native.js';
import { yWebsocketDialect } from './dialect/y-websocket.js';
import { checkServerOptions, limitsWith } from './config/check-options.js';
import { ConfigError } from './errors.js';
import type { AuthOptions, ServerOptions } from './options.js';
import type { DocumentWorker } from './room/document-worker.js';
import { LoadMeter } from './room/load-meter.js';
import { OperationRunner } from './room/operation-runner.js';
import { RoomRegistry } from './room/room-registry.js';
import { withDocument } from './room/with-document.js';
import { Rosters } from './roster/rosters.js';
import { maxReceivedBytes } from './session/frame-size.js';
import { Gateway } from './session/gateway.js';
import { RoomFanout } from './session/room-fanout.js';
import { serverIdentity, type ServerIdentity } from './session/server-identity.js';
import { SessionRegistry } from './session/session-registry.js';
import { Tarpit } from './session/tarpit.js';
import { zlibDeflation } from './session/zlib-deflation.js';
import { backupTo, type ArchiveReport } from './server-backup.js';
import { serverConnections, type ServerConnections } from './server-connections.js';
import { logWithoutTokens } from './server-log.js';
import { serverDocuments, type ServerDocuments } from './server-documents.js';
import { serverRoutes } from './server-routes.js';
import { rosterRight, stampOf, userClaimsOf } from './server-presence-options.js';
import { serverPresence, type ServerPresence } from './server-presence.js';
import { shutDown } from './shut-down.js';
import { openLevelStore } from './store/level-store.js';
import type { DocumentStore } from './store/store.js';
import { openTransport } from './transport/open-transport.js';
import { placeOf, type Place } from './transport/place.js';
import { createStaticFiles, type StaticFiles } from './transport/static-files.js';
import type { Transport, UpgradeDecision, UpgradeRequest } from './transport/transport.js';
import { Devices } from './users/devices.js';
import type { UserControl } from './users/user-control.js';
import { Users } from './users/users.js';
import { WorkerPool } from './worker/worker-pool.js';

/** A Heddle server. `listen` starts all of it or nothing; `close` ends it without losing an acknowledged update. */
export interface HeddleServer {
  /** Opens the store and the port, or attaches to the application's server. Rejects with ConfigError or StoreError, one clear line each; after `close`, with an Error. */
  listen(): Promise<void>;
  /**
   * The port it listens on. Attached to an application's server: that server's, or 0 while that listens on none. Throws before
   * `listen` has resolved.
   */
  readonly port: number;
  /**
   * Drains (O3): nobody new gets in and nothing new is taken, everything accepted becomes durable and is acknowledged, clients
   * are told to come back later. Rejects when the store could not write it all. Takes 9 s at most. Idempotent.
   */
  close(): Promise<void>;
  /**
   * Reads or edits a document on the server: `use` gets a Y.Doc of its own; what it changed is merged in, relayed and
   * durable when the promise resolves. Rejects with what `use` throws, or a SyncError: DOCUMENT_TOO_COSTLY when building the
   * Y.Doc would hold the server for longer than `limits.maxCopyMs`.
   */
  withDocument<T>(name: string, use: (ydoc: Y.Doc) => T | Promise<T>): Promise<T>;
  /** The documents: list, export, import, delete. */
  readonly documents: ServerDocuments;
  /** The connections: list, end. */
  readonly connections: ServerConnections;
  /** Writes everything that is acknowledged when it is called into a stream, as of one moment, and ends it: see `backupTo`. */
  backup(stream: Writable): Promise<ArchiveReport>;
  /** Has tokens replaced, ends them, and sets access, while users are connected. Throws before `listen` has resolved. */
  readonly users: UserControl;
  /** Who is connected, who is in a document, and when they were last seen. */
  readonly presence: ServerPresence;
}

/** Makes a server. Throws ConfigError when the options cannot mean anything. */
export function createServer(options: ServerOptions): HeddleServer {
  return new Server(options, systemClock);
}

const maxHttpBodyBytes = 64 * 1024;
const idleTimeoutS = 40;

const startingRoutes = healthRoutes({
  isReady: () => false,
  keys: () => 'at hand',
  costlyDocuments: () => 0,
});
const notListening: UpgradeDecision = { accept: false, status: 503, body: 'the server is starting' };

/** What runs between `listen` and `close`. */
interface Running {
  readonly store: DocumentStore;
  readonly registry: RoomRegistry<RoomFanout>;
  readonly worker: DocumentWorker;
  readonly sessions: SessionRegistry;
  readonly gateway: Gateway;
  readonly users: Users;
  readonly devices: Devices;
  readonly rosters: Rosters;
  readonly changes: ChangeNotifier;
  readonly load: LoadMeter;
  readonly transport: Transport;
  readonly routes: Routes;
}

class Server implements HeddleServer {
  readonly #options: ServerOptions;
  readonly #place: Place;
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #logger: Logger;
  readonly #hooks: ApplicationHooks;
  readonly documents: ServerDocuments;
  readonly connections: ServerConnections;
  readonly presence: ServerPresence;
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #running: Running | undefined;
  #isDraining = false;

  constructor(options: ServerOptions, clock: Clock) {
    checkServerOptions(options);
    if (options.auth === undefined && options.demo !== true) {
      throw new ConfigError("no authentication configured: pass `auth` with a key; for development, 'none'");
    }
    this.#options = options;
    this.#place = placeOf(options);
    this.#clock = clock;
    this.#limits = limitsWith(options.limits);
    this.#logger = options.logger === undefined ? silentLogger : logWithoutTokens(options.logger);
    this.#hooks = new ApplicationHooks(options, { logger: this.#logger, clock });
    this.documents = serverDocuments(() => this.#get(), this.#limits);
    this.connections = serverConnections(() => this.#get().sessions);
    this.presence = serverPresence(() => this.#get().rosters);
  }

  listen(): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(new Error('the server was closed'));
    this.#starting ??= this.#start();
    return this.#starting;
  }

  get port(): number {
    return this.#get().transport.port;
  }

  close(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  async withDocument<T>(name: string, use: (ydoc: Y.Doc) => T | Promise<T>): Promise<T> {
    const { registry, worker } = this.#get();
    return withDocument({ registry, worker, gc: this.#gc }, parseDocumentName(name), use);
  }

  async backup(stream: Writable): Promise<ArchiveReport> {
    return backupTo(this.#get().store, stream);
  }

  get users(): UserControl {
    return this.#get().users;
  }

  get #gc(): boolean {
    return this.#options.gc ?? true;
  }

  #get(): Running {
    if (this.#running === undefined) throw new Error('the server is not listening');
    return this.#running;
  }

  /** The port comes first: when it is in use, nothing has been written. Until all is there, requests get a 503. */
  async #start(): Promise<void> {
    const { auth } = this.#options;
    const context = { clock: this.#clock, logger: this.#logger, authorize: this.#hooks.authorize };
    const authenticator = typeof auth === 'object' ? await createJwtAuthenticator(auth, context) : undefined;
    const files = this.#options.demo === true ? demoFiles() : undefined;
    const transport = await this.#listen(files);
    try {
      this.#running = await this.#assemble(transport, authenticator);
      if (authenticator?.keys === 'missing')
        this.#logger.debug({}, "the token issuer's keys are being fetched");
    } catch (error) {
      transport.close();
      throw error;
    }
  }

  #listen(files: StaticFiles | undefined): Promise<Transport> {
    const { options, clock, limits, logger } = this.#parts();
    return openTransport(
      this.#place,
      {
        maxMessageBytes: maxReceivedBytes(limits),
        maxBufferedBytes: limits.maxBufferedBytes,
        maxBodyBytes: maxHttpBodyBytes,
        maxHttpConnections: limits.maxHttpConnections,
        limits,
        trustedProxies: options.trustedProxies ?? [],
        idleTimeoutS,
      },
      {
        upgrade: (request) => this.#running?.gateway.upgrade(request) ?? notListening,
        request: (request) => route(request, this.#running?.routes ?? startingRoutes, files, logger),
      },
      { logger, clock },
    );
  }

  #parts(): { options: ServerOptions; clock: Clock; limits: Limits; logger: Logger } {
    return { options: this.#options, clock: this.#clock, limits: this.#limits, logger: this.#logger };
  }

  #openStore(): Promise<DocumentStore> {
    const { data, durability, acceptLoss } = this.#options;
    return openLevelStore({
      directory: data ?? './data',
      durability: durability ?? 'fsync',
      acceptLoss: acceptLoss ?? false,
      clock: this.#clock,
    });
  }

  #authenticator(own: Authenticator | undefined, demo: Authenticator | undefined): Authenticator {
    if (this.#options.auth === 'none') return createOpenAuthenticator(this.#hooks.authorize);
    return createSeveralAuthenticator([own, demo].filter((one) => one !== undefined));
  }

  /** Who is let in, and what is known of them. */
  async #people(
    store: DocumentStore,
    sessions: SessionRegistry,
    own: Authenticator | undefined,
    demoKey: string | undefined,
  ): Promise<{ authenticator: Authenticator } & Pick<Running, 'devices' | 'users' | 'rosters'>> {
    const { options, clock, limits, logger } = this.#parts();
    const demo =
      demoKey === undefined ? undefined : await createJwtAuthenticator({ secret: demoKey }, { clock });
    const ledger = await AccessLedger.load(store, clock);
    const { maxTokenLifeS } = this.#auth;
    const devices = new Devices({ store, ledger, sessions, clock, logger, limits, maxTokenLifeS });
    return {
      authenticator: createLedgerAuthenticator(this.#authenticator(own, demo), ledger),
      devices,
      users: new Users({ ledger, sessions, devices, clock, logger, maxTokenLifeS }),
      rosters: await Rosters.open({ clock, logger, limits, store, userClaims: userClaimsOf(options) }),
    };
  }

  async #assemble(transport: Transport, own: Authenticator | undefined): Promise<Running> {
    const { options, clock } = this.#parts();
    const store = options.store ?? (await this.#openStore());
    try {
      const demoKey = options.demo === true ? await readOrMakeDemoKey(options.data ?? './data') : undefined;
      const changes = new ChangeNotifier({
        clock,
        debounceMs: options.changeDebounceMs ?? 2_000,
        notify: (document) => this.#hooks.changed(document, () => this.#readDocument(document)),
      });
      const load = new LoadMeter(clock, () => performance.eventLoopUtilization().active);
      const worker = new WorkerPool({ clock, maxCopyMs: this.#limits.maxCopyMs });
      const registry = this.#registry({ store, transport, changes, worker, load });
      const sessions = new SessionRegistry(clock);
      const identity = await serverIdentity(store);
      const { authenticator, devices, users, rosters } = await this.#people(store, sessions, own, demoKey);
      const operator = new OperationRunner({ registry, worker, clock, gc: this.#gc });
      const parts = { authenticator, registry, sessions, devices, rosters, identity, store, operator };
      const gateway = this.#gateway(parts);
      await gateway.resume();
      const routes = serverRoutes({
        health: {
          isReady: () => this.#isReady,
          keys: () => own?.keys ?? 'at hand',
          costlyDocuments: () => registry.costlyCount,
        },
        welcome: this.#hasWelcome
          ? { isSecure: options.tls !== undefined, basePath: this.#place.basePath }
          : undefined,
        demoKey,
        adminClaim: this.#auth.adminClaim,
        authenticator,
        store,
        clock,
        documents: this.documents,
        presence: this.presence,
        users,
      });
      return {
        store,
        registry,
        worker,
        sessions,
        users,
        devices,
        rosters,
        gateway,
        changes,
        load,
        transport,
        routes,
      };
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  #registry({
    store,
    transport,
    changes,
    worker,
    load,
  }: Pick<Running, 'store' | 'transport' | 'changes' | 'worker' | 'load'>): RoomRegistry<RoomFanout> {
    const { options, clock, limits, logger } = this.#parts();
    let documents = 0;
    const inspector = createStoredInspector();
    return new RoomRegistry<RoomFanout>({
      store,
      worker,
      clock,
      limits,
      logger,
      gc: this.#gc,
      commentRoots: options.commentRoots,
      commitIntervalMs: options.commitIntervalMs ?? 10,
      createFanout: (document) =>
        new RoomFanout({ transport, document, limits, number: ++documents, inspector }),
      isBusy: () => load.isBusy,
      loaded: (document, isNew) => this.#hooks.load(document, isNew),
      changed: this.#hooks.wantsChanges ? (document) => changes.changed(document) : undefined,
      failed: (error) => this.#fail(error),
    });
  }

  #gateway(parts: {
    authenticator: Authenticator;
    registry: RoomRegistry<RoomFanout>;
    sessions: SessionRegistry;
    devices: Devices;
    rosters: Rosters;
    identity: ServerIdentity;
    store: DocumentStore;
    operator: OperationRunner<RoomFanout>;
  }): Gateway {
    const { options, clock, limits, logger } = this.#parts();
    return new Gateway({
      ...parts,
      isOpen: options.auth === 'none',
      commentRoots: options.commentRoots ?? [],
      stampOf: stampOf(options),
      maySeeRoster: rosterRight(options),
      call: this.#hooks.answersCalls ? (call) => this.#hooks.call(call) : undefined,
      clock,
      limits,
      logger,
      dialect: yWebsocketDialect,
      nativeDialect,
      deflation: zlibDeflation,
      tarpit: new Tarpit(clock),
      keyIdOf,
      maxSilenceMs: idleTimeoutS * 1000,
      credentials: (request: UpgradeRequest) =>
        takeCredentials(request, { cookie: this.#auth.cookie, origins: options.origins }),
      checkOrigin: (request: UpgradeRequest) => checkOrigin(request, options.origins),
      connected: (visitor) => this.#hooks.connected(visitor),
      disconnected: (visitor) => this.#hooks.disconnected(visitor),
    });
  }

  /** Nothing where there are no tokens. */
  get #auth(): AuthOptions {
    const { auth } = this.#options;
    return typeof auth === 'object' ? auth : {};
  }

  /** Where nothing is protected, and `/` is nobody else's. */
  get #hasWelcome(): boolean {
    const { auth, demo, server } = this.#options;
    return auth === 'none' && demo !== true && server === undefined;
  }

  get #isReady(): boolean {
    if (this.#running === undefined || this.#isDraining) return false;
    const { isHealthy, isStoreAnswering } = this.#running.registry;
    return isHealthy && isStoreAnswering;
  }

  async #readDocument(document: DocumentName): Promise<Y.Doc> {
    const { registry, worker } = this.#get();
    const room = await registry.open(document);
    return worker.read(document, { updates: room.content.all(), gc: this.#gc });
  }

  #fail(error: unknown): void {
    const cause = error instanceof Error ? error : new Error(String(error));
    this.#logger.error({ err: cause }, 'the store cannot write: nothing is acknowledged any more');
    this.#running?.gateway.stopAdmission();
    this.#running?.sessions.refuseAll(new SyncError('STORE_UNAVAILABLE'));
    this.#options.onFailure?.(cause);
  }

  async #stop(): Promise<void> {
    this.#isDraining = true;
    await this.#starting?.catch(() => undefined);
    const running = this.#running;
    if (running === undefined) return;
    running.load.close();
    running.users.close();
    await shutDown(running, this.#clock);
  }
}

/** The demo pages, and the documentation below `/docs/`. */
function demoFiles(): StaticFiles {
  const pages = createStaticFiles(demoPages());
  const docs = createDocsSite(join(demoPages(), '../docs'));
  return { reply: (request) => docs.reply(request) ?? pages.reply(request) };
}

/** The folder of the built demo pages; through the package's import map, as the sources run without a build of their own. */
function demoPages(): string {
  return dirname(createRequire(import.meta.url).resolve('#demo-page'));
}
