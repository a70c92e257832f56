// One document of an application, kept on the server: the public face of what the other files of this folder do, in the
// shape of y-websocket's provider.

import { equalityDeep } from 'lib0/function';
import { ClosedError } from '../platform/closed-error.js';
import { GuardedObservable } from '../platform/guarded.js';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { systemClock } from '../../shared/clock.js';
import { errorTable, SyncError } from '../../shared/errors.js';
import type { OperationPath } from '../../shared/operation.js';
import type { ConnectionState } from '../connection/connection-state.js';
import type { ConnectionReason } from '../connection/connection.js';
import { checkOwnYjs } from '../crdt/own-yjs.js';
import type { ValueKey } from '../offline/copy-values.js';
import { clearOfflineCopy } from '../offline/offline-copies.js';
import { warnBeforeLeaving, type LeavingQuestion } from '../platform/page-events.js';
import { listenToAwareness, listenWith, scopeOf, splitCallbacks } from './callback-options.js';
import { checkArguments } from './check-options.js';
import { ConnectionPlace } from './connection-place.js';
import type { DocumentPhase } from '../document/document-events.js';
import { errorOf } from '../document/document-reason.js';
import type { HeddleConnection } from './heddle-connection.js';
import { KeptDocument } from './kept-document.js';
import { openCopy } from './open-copy.js';
import type { HeddleProviderOptions } from './provider-options.js';
import type { ProviderEvents } from './provider-events.js';
import type { LostContent } from '../document/refused-content.js';
import { ServerChanges, type OnDisconnect } from './server-changes.js';
import { Settled } from '../platform/settled.js';
import { statusNow } from './status-now.js';
import { loggedOut } from './status-reason.js';
import { connectionGone, whyStuck } from './why-stuck.js';
import { Subdocuments } from './subdocuments.js';
import { connectionStatus, type SyncStatus } from './sync-status.js';
import { hasOwnUnsynced, hasUnsynced } from './unsynced.js';

export class HeddleProvider extends GuardedObservable<ProviderEvents<HeddleProvider>> {
  readonly url: string;
  readonly name: string;
  readonly roomname: string;
  readonly doc: Y.Doc;
  readonly document: Y.Doc;
  readonly awareness: Awareness;
  /**
   * When the copy on this device has been read, or there is none. Rejects with OfflineError when it cannot be read; the
   * document goes on in memory. Where the copy may be readable later that is tried again, and it is merged then.
   */
  readonly whenLoaded: Promise<void>;
  /**
   * When this client has had all that the server had, and the server all that was here, for the first time. Rejects when it is
   * destroyed before, and when the server refuses the document or something that is here.
   */
  readonly whenSynced: Promise<void>;
  /** For `openRoster`; not part of the public API. */
  readonly kept: KeptDocument;
  readonly #kept: KeptDocument;
  readonly #undo: (() => void)[] = [];
  readonly #place: ConnectionPlace;
  readonly #firstSync = new Settled();
  /** Those who wait for `sync`. */
  readonly #syncing = new Set<Settled>();
  readonly #changes = new ServerChanges((...asked) => this.connection.wire.operate(this.name, ...asked));
  #subdocuments: Subdocuments<HeddleProvider> | undefined;
  #status!: SyncStatus;
  #leavingQuestion: LeavingQuestion | undefined;
  #shouldConnect = false;
  #isDestroyed = false;
  #isBroken = false;
  #wasOpen = false;
  #toldStuck: ConnectionReason | undefined;
  #toldStatus: 'connected' | 'connecting' | 'disconnected' = 'disconnected';
  #wasSynced = false;

  constructor(url: string, name: string, doc: Y.Doc, options: HeddleProviderOptions = {}) {
    super();
    checkArguments(url, name, doc, options);
    checkOwnYjs(doc);
    const [callbacks, own] = splitCallbacks(options);
    const { connection, connect = true, awareness, warnBeforeUnload = 'unsaved', disableBc, ...rest } = own;
    const { autoLoadSubdocs = true, offline = true, tabs = disableBc !== true, ...connectionOptions } = rest;
    this.name = name;
    this.roomname = name;
    this.doc = doc;
    this.document = doc;
    // Before all else that is to be let go of: it throws where the address is none.
    this.#place = new ConnectionPlace({
      url,
      name,
      options: connectionOptions,
      connection,
      user: this,
      isWanted: () => this.#shouldConnect,
      listen: (on) => this.#hear(on),
      moved: (isForUser) => this.#moved(isForUser),
      membershipChanged: () => this.#membershipChanged(),
    });
    this.awareness = awareness ?? new Awareness(doc);
    if (awareness === undefined) this.#undo.push(() => this.awareness.destroy());
    this.#place.join();
    this.url = this.connection.url;
    this.kept = this.#kept = new KeptDocument({
      doc,
      name,
      awareness: this.awareness,
      connection: this.connection.wire,
      otherConnection: (why) => this.#place.moveFor(why),
      clock: systemClock,
      random: Math.random,
      copy: openCopy(name, () => Y.encodeStateAsUpdate(doc), offline, {
        owner: () => this.#place.owner(),
        syncedAt: () => (this.status?.phase === 'synced' ? this.#heardAt : this.status?.lastSyncedAt),
      }),
      owner: () => this.#place.owner(),
      url: this.url,
      channelName: tabs ? `heddle:${this.url}:${name}` : undefined,
    });
    this.whenLoaded = this.#kept.whenLoaded;
    this.whenSynced = this.#firstSync.promise;
    this.#status = this.#statusNow();
    this.#listen();
    listenWith(callbacks, this);
    if (warnBeforeUnload !== false) {
      const question = warnBeforeLeaving(() => this.#wouldLose(warnBeforeUnload));
      this.#leavingQuestion = question;
      this.#undo.push(() => question.stop());
    }
    if (autoLoadSubdocs) this.#subdocuments = this.#keepSubdocuments(own);
    if (connect) this.#open();
  }

  /**
   * What the document is on. Another one later, where the tokens of others on a shared one do not allow the document, or the
   * server opens no more documents on it.
   */
  get connection(): HeddleConnection {
    return this.#place.connection;
  }

  /** All that is known about where the document is kept. One object, replaced when something changes. */
  get status(): SyncStatus {
    return this.#status;
  }

  /** This client has had all that the server had, on the present connection. */
  get synced(): boolean {
    return this.#kept.phase === 'synced';
  }

  get isSynced(): boolean {
    return this.synced;
  }

  /** Edits that are not known to be durable on the server. */
  get unsyncedChanges(): number {
    return this.#kept.unsynced;
  }

  /** There are such edits, or something else that is here is not durable on the server: not yet, or because it was refused. */
  get hasUnsyncedChanges(): boolean {
    return hasUnsynced(this.#kept);
  }

  get shouldConnect(): boolean {
    return this.#shouldConnect;
  }

  get wsconnected(): boolean {
    return this.#shouldConnect && this.connection.connected;
  }

  get wsconnecting(): boolean {
    return this.#shouldConnect && ['asking', 'opening', 'greeting'].includes(this.connection.state);
  }

  /** It exchanges edits with the other tabs of this browser, as y-websocket calls it. */
  get bcconnected(): boolean {
    return this.#kept.isAmongTabs;
  }

  get isAuthenticated(): boolean {
    return this.authorizedScope !== undefined;
  }

  get authorizedScope(): 'readonly' | 'read-write' | undefined {
    return scopeOf(this.#kept.access);
  }

  /**
   * Idempotent; asks again where that was of no use before, and for a token anew after a logout. Does nothing after
   * `destroy`.
   */
  connect(): void {
    if (this.#isDestroyed) return;
    this.#open();
    if (this.connection.isLoggedOut) this.connection.connect();
  }

  /** Whoever only opens a document does not log anybody in. */
  #open(): void {
    this.#shouldConnect = true;
    if (this.connection.isDestroyed) this.#end(connectionGone());
    this.#place.retain();
    this.#openWhenCovered();
    for (const one of this.#subdocuments?.all ?? []) one.connect();
    // The connection may be open already, for others. Later in this turn: whoever listens comes after the constructor.
    queueMicrotask(() => this.#tellStatus());
    this.#changed();
  }

  /** Idempotent. Closes the document; the connection too if nobody else uses it. */
  disconnect(): void {
    if (!this.#shouldConnect) return;
    this.#shouldConnect = false;
    for (const one of this.#subdocuments?.all ?? []) one.disconnect();
    this.connection.release(this);
    this.#kept.close();
    this.#tellStatus();
    this.#changed();
  }

  /**
   * Resolves when everything here is durable on the server and everything there is here. Waits while there is no connection.
   * Rejects with SyncError when the server refuses the document or something that is here, when nobody is logged in, and
   * when the connection cannot go on; and when the provider is destroyed.
   */
  sync(): Promise<void> {
    const waiting = new Settled();
    this.#syncing.add(waiting);
    this.#lookAtSyncing();
    this.#kept.synced().then(waiting.resolve, waiting.reject);
    return waiting.promise.finally(() => this.#syncing.delete(waiting));
  }

  #lookAtSyncing(error = whyStuck(this.connection, this.#kept, this.#shouldConnect)): void {
    if (error !== undefined) for (const { reject } of this.#syncing) reject(error);
  }

  /**
   * Takes out of the document what the server does not take, as the status' reason says, so that all that was written after it
   * arrives. Tells `rebased` what that was, and returns it; undefined where nothing was refused.
   */
  rebase(): LostContent | undefined {
    const lost = this.#kept.rebase();
    if (lost !== undefined) this.emit('rebased', [lost]);
    return lost;
  }

  /** What the server is to change there when this client goes: see OnDisconnect. */
  onDisconnect(path: OperationPath): OnDisconnect {
    return this.#changes.onDisconnect(path);
  }

  /**
   * Has the server put its time at a path, ms since the epoch. Resolves when that is durable, and rejects with SyncError. Waits while
   * there is no connection.
   */
  setServerTimestamp(path: OperationPath): Promise<void> {
    return this.#changes.setTimestamp(path);
  }

  /**
   * Where the document was deleted on the server (`status.reason.kind` is 'deleted'): makes it be again with what is here, edits made
   * since included, for everybody who had it. Needs the right to write. Nothing otherwise.
   */
  revive(): void {
    if (this.#shouldConnect) this.#kept.open(true);
  }

  /** As Hocuspocus' provider has it: compares with the server now. What comes of it is told by `sync-status`. */
  forceSync(): void {
    this.sync().catch(() => {}); // told by `sync-status`
  }

  /** Sets one field of what others see of this client. */
  setAwarenessField(key: string, value: unknown): void {
    this.awareness.setLocalStateField(key, value);
  }

  /**
   * As y-indexeddb has it: what the application keeps beside the document, in its copy on this device, and in no other place. Undefined
   * when there is none. Waits for the copy; rejects with OfflineError.
   */
  async get(key: ValueKey): Promise<unknown> {
    return this.#kept.values.get(key);
  }

  /** Resolves when it is stored: anything that can be cloned. It goes with the copy. Rejects with OfflineError. */
  async set(key: ValueKey, value: unknown): Promise<void> {
    return this.#kept.values.set(key, value);
  }

  async del(key: ValueKey): Promise<void> {
    return this.#kept.values.del(key);
  }

  /** Deletes the copy on this device, with what the server lacks; the document goes on in memory. Rejects with OfflineError. */
  async clearOfflineCopy(): Promise<void> {
    const { database } = this.#kept.copy ?? {};
    if (database !== undefined) await clearOfflineCopy(database);
  }

  /** Leaves no socket, timer or listener. The document stays as it is. */
  override destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.disconnect();
    this.#subdocuments?.destroy();
    this.#kept.destroy();
    this.#place.leave();
    this.#end(new ClosedError('the provider was destroyed'));
    for (const undo of this.#undo.splice(0)) undo();
    this.emit('destroy', [this]);
    super.destroy();
  }

  /** Nothing is in sync any more: this, or its connection, was let go of. */
  #end(error: Error): void {
    this.#firstSync.reject(error);
    this.#lookAtSyncing(error);
    this.#changes.end(error);
  }

  #hear(connection: HeddleConnection): readonly (() => void)[] {
    const open = (): void => this.#openWhenCovered();
    return [
      connection.listen('state', (state) => this.#connectionChanged(state)),
      connection.listen('ended', (reason) => this.#connectionEnded(reason)),
      connection.listen('logged-out', () => this.#loggedOut()),
      connection.listen('token-failed', () => {
        this.#lookWhetherStuck();
        // Whoever tried to log in has failed, though the application may be asked again.
        this.#lookAtSyncing(this.connection.isLoggedOut ? errorOf(loggedOut) : undefined);
        this.#changed();
      }),
      connection.listen('renewed', open),
      connection.listen('covered', open),
      connection.listen('destroy', () => this.#end(connectionGone())),
    ];
  }

  #moved(isForUser: boolean): void {
    const { connection } = this;
    this.#kept.moveTo(connection.wire);
    if (isForUser) for (const one of this.#subdocuments?.all ?? []) one.#place.follow(connection);
    this.#openWhenCovered();
    this.emit('connection', [connection]);
    this.#tellStatus();
    this.#changed();
  }

  #membershipChanged(): void {
    if (this.#place.isIn) this.#openWhenCovered();
    else this.#kept.close();
    for (const one of this.#subdocuments?.all ?? []) one.#membershipChanged();
    this.#changed();
  }

  #openWhenCovered(): void {
    if (this.#shouldConnect && this.#place.isIn && this.connection.covers(this.name)) this.#kept.open();
  }

  #keepSubdocuments(options: HeddleProviderOptions): Subdocuments<HeddleProvider> {
    const { offline } = options;
    return new Subdocuments(this, (name, doc) => {
      const made = new HeddleProvider(this.url, name, doc, {
        ...options,
        connection: this.connection,
        connect: false,
        awareness: undefined,
        // Its database is named after that of its parent, as it is itself.
        offline:
          typeof offline === 'object' && offline.name !== undefined
            ? { ...offline, name: offline.name + name.slice(this.name.length) }
            : offline,
      });
      made.#place.parent = this.#place;
      if (this.#shouldConnect) made.#open();
      return made;
    });
  }

  #listen(): void {
    const { doc } = this;
    const kept = this.#kept;
    kept.on('phase', (phase) => this.#phaseChanged(phase));
    kept.on('access', () => this.#accessChanged());
    kept.on('other-owner', () => {
      this.#lookAtSyncing();
      this.emit('other-owner', [this]);
    });
    kept.on('unsynced', (count) => this.emit('unsyncedChanges', [count]));
    kept.on('awareness-refused', (reason) => this.emit('awareness-refused', [reason]));
    kept.on('client-id-conflict', (clientId) => this.emit('client-id-conflict', [{ clientId }]));
    kept.on('offline-error', (error) => this.emit('offline-error', [error]));
    kept.on('refused', ({ code, message, retry }) => {
      if (retry !== 'backoff') this.#firstSync.reject(new SyncError(code ?? 'INTERNAL', message));
    });
    kept.on('changed', () => {
      if (kept.refusal !== undefined) this.#firstSync.reject(errorOf(kept.refusal));
      else if (kept.phase === 'synced' && !this.hasUnsyncedChanges && !kept.isCopyUnread)
        this.#firstSync.resolve();
      this.#changed();
    });
    this.#undo.push(listenToAwareness(this));
    const onDestroy = (): void => this.destroy();
    doc.on('destroy', onDestroy);
    this.#undo.push(() => doc.off('destroy', onDestroy));
  }

  #loggedOut(): void {
    this.#kept.leaveTabs();
    this.#lookAtSyncing();
    this.#changed();
  }

  #connectionChanged(state: ConnectionState): void {
    if (state === 'opening') void this.#kept.lookAtOwner();
    if (state === 'open') {
      this.#isBroken = false;
      this.#wasOpen = true;
    }
    this.#tellStatus();
    this.#changed();
  }

  #tellStatus(): void {
    const status = this.#shouldConnect ? connectionStatus[this.connection.state] : 'disconnected';
    if (status === undefined || status === this.#toldStatus) return;
    this.#toldStatus = status;
    this.emit('status', [{ status }]);
    if (status === 'connected') this.emit('connect', []);
  }

  /** Not while a new token is on its way. */
  #lookWhetherStuck(): void {
    const { isStuck, reason } = this.connection;
    if (!this.#shouldConnect || !isStuck || reason === undefined || reason === this.#toldStuck) return;
    this.#toldStuck = reason;
    this.#stuck(reason);
  }

  #connectionEnded({ message, closeCode }: ConnectionReason): void {
    if (!this.#shouldConnect) return;
    if (!this.#wasOpen) this.emit('connection-error', [{ message }, this]);
    this.#wasOpen = false;
    this.#isBroken = true;
    const event = { code: closeCode, reason: message };
    this.emit('connection-close', [event, this]);
    this.emit('disconnect', [{ event }]);
    this.emit('close', [{ event }]);
    this.#lookWhetherStuck();
    this.#changed();
  }

  #phaseChanged(phase: DocumentPhase): void {
    this.#changes.goOn();
    const isSynced = phase === 'synced';
    if (phase === 'blocked' && this.#kept.reason !== undefined) {
      const { code, message, retry } = this.#kept.reason;
      this.#stuck({ code, message, retry, closeCode: errorTable[code ?? 'INTERNAL'].close });
    }
    if (isSynced === this.#wasSynced) return;
    this.#wasSynced = isSynced;
    this.emit('sync', [isSynced]);
    this.emit('synced', [isSynced]);
  }

  #accessChanged(): void {
    const scope = this.authorizedScope;
    if (scope !== undefined) this.emit('authenticated', [{ scope }]);
  }

  /** Nothing is tried again until something changes. */
  #stuck({ code, message, closeCode }: ConnectionReason): void {
    if (code !== undefined && [4401, 4403].includes(errorTable[code].close))
      this.emit('authenticationFailed', [{ reason: message }]);
    this.#firstSync.reject(new SyncError(code ?? 'INTERNAL', message));
    this.#lookAtSyncing();
    this.emit('closed', [{ code: closeCode, reason: message }, this]);
  }

  #wouldLose(what: 'unsaved' | 'unsynced'): boolean {
    // What other tabs have told they have themselves.
    const isHere = hasOwnUnsynced(this.#kept) || this.#kept.isInDoubt;
    return isHere && !(what === 'unsaved' && this.#kept.isSavedLocally);
  }

  #changed(): void {
    if (!this.#isDestroyed) this.#leavingQuestion?.look();
    const before = this.#status;
    const now = this.#statusNow();
    if (equalityDeep(before, now)) return;
    const wasSame = before.phase === 'synced' || now.phase === 'synced';
    this.#status = Object.freeze({ ...now, lastSyncedAt: wasSame ? this.#heardAt : now.lastSyncedAt });
    this.emit('sync-status', [this.#status]);
  }

  /** The last word of the server is the last proof that both sides were the same; its loss may be noticed much later. */
  get #heardAt(): number {
    return this.connection.wire.heardAt + this.connection.serverTimeOffset;
  }

  #statusNow(): SyncStatus {
    return statusNow({
      kept: this.#kept,
      connection: this.connection,
      isWanted: this.#shouldConnect,
      isBroken: this.#isBroken,
      lastSyncedAt: this.#status?.lastSyncedAt,
    });
  }
}
