// One Y.Doc and everything that keeps it: the copy on this device, the tabs beside this one, the server, presence. Owns in
// which order they begin and end and what each is told of the others; has no opinion on what is shown of it.

import { guardListeners, GuardedObservable } from '../platform/guarded.js';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import type { Clock } from '../../shared/clock.js';
import type { Access } from '../../shared/permission.js';
import type { Connection, Welcome } from '../connection/connection.js';
import { applyGuarded } from '../crdt/apply-parts.js';
import { guardDocument } from '../crdt/guarded-document.js';
import { ownerOf, type CopyOwner } from '../offline/copy-owner.js';
import type { CopyValues } from '../offline/copy-values.js';
import type { LoadedCopy } from '../offline/loaded-copy.js';
import type { OfflineCopy } from '../offline/offline-copy.js';
import type { WrittenRange } from '../crdt/written-here.js';
import { OfflineError } from '../offline/offline-error.js';
import { Tidying } from '../crdt/tidying.js';
import { listenToPage } from '../platform/page-events.js';
import { TabChannel, type TabPlatform } from '../tabs/tab-channel.js';
import { ClientIdentity } from './client-identity.js';
import type { DocumentReason } from '../document/document-reason.js';
import type { DocumentPhase } from '../document/document-events.js';
import { DocumentSync } from '../document/document-sync.js';
import { DocumentChannel, type DocumentChannelDeps } from '../document/document-channel.js';
import { YjsContent } from '../document/yjs-content.js';
import { Presence } from '../document/presence.js';
import type { LostContent } from '../document/refused-content.js';
import { noteInCopy } from './note-in-copy.js';
import { EditsOwner } from './edits-owner.js';
import { Settled } from './settled.js';

export interface KeptDocumentDeps {
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  readonly name: string;
  /** Replaced by `moveTo`. */
  connection: Connection;
  /** As in DocumentChannel. */
  readonly otherConnection?: DocumentChannelDeps['otherConnection'];
  readonly clock: Clock;
  readonly random: () => number;
  /** The copy on this device; undefined for none. It is let go of with this. */
  readonly copy: OfflineCopy | undefined;
  /** What the tabs of one browser that have this document open call each other by; undefined for each on its own. */
  readonly channelName: string | undefined;
  /**
   * With which server and user this document is, as far as this device knows: tabs of others are not heard. Default:
   * nobody asks.
   */
  readonly owner?: (() => Promise<CopyOwner>) | undefined;
  /** The server's address. Default: none. */
  readonly url?: string | undefined;
  /** What the tabs talk over. Default: what the browser has. */
  readonly tabPlatform?: TabPlatform | undefined;
}

interface Events {
  /** Something that can be read here is different. */
  changed: () => void;
  phase: (phase: DocumentPhase) => void;
  access: (access: Access) => void;
  unsynced: (count: number) => void;
  refused: (reason: DocumentReason) => void;
  'awareness-refused': (reason: DocumentReason) => void;
  'offline-error': (error: OfflineError) => void;
  /** Something of another tab could not be taken. The document is as it was. */
  'tab-error': (error: Error) => void;
  /** The connection is with another user or server than what the document holds is of. */
  'other-owner': () => void;
  /** Somebody else has written other content under a client id that this document has written under. */
  'client-id-conflict': (clientId: number) => void;
}

const nothing: LoadedCopy = {
  update: undefined,
  position: undefined,
  pending: [],
  hasOthersPending: false,
  access: undefined,
};

const gone = (): Error => new Error('the document was let go of');

export class KeptDocument extends GuardedObservable<Events> {
  readonly #deps: KeptDocumentDeps;
  readonly #copy: OfflineCopy | undefined;
  readonly #identity: ClientIdentity;
  #tabs: TabChannel | undefined;
  #channelName: string | undefined;
  readonly #loaded = new Settled();
  readonly #undo: (() => void)[] = [];
  /** What was in the document before there was a provider may be nowhere else. */
  readonly #hadContent: boolean;
  readonly #tidying: Tidying;
  /** Edits made while the copy was being read. */
  #early: Uint8Array[] = [];
  /** What Yjs has made of its own accord meanwhile. */
  #earlyDerived: Uint8Array[] = [];
  #content: YjsContent | undefined;
  #channel: DocumentChannel | undefined;
  #sync: DocumentSync | undefined;
  #presence: Presence | undefined;
  readonly #begun = new Settled();
  /** By the server's last word, be it of the time when the copy was made. */
  #mayRead = false;
  #isOpen = false;
  #syncedAt: number | undefined;
  /** What is in the document is not for whom the connection is with. */
  #isOfOther = false;
  readonly #edits = new EditsOwner();
  #isDestroyed = false;

  constructor(deps: KeptDocumentDeps) {
    super();
    this.#deps = deps;
    const { doc, awareness, copy } = deps;
    this.#copy = copy;
    guardDocument(doc);
    guardListeners(awareness);
    this.#tidying = new Tidying(doc);
    this.#identity = new ClientIdentity({ doc, awareness, conflict: (clientId) => this.#conflict(clientId) });
    this.#hadContent = doc.store.clients.size > 0;
    if (this.#hadContent) this.#changed(Y.encodeStateAsUpdate(doc), undefined);
    const onUpdate = (update: Uint8Array, origin: unknown, _doc: Y.Doc, made: Y.Transaction): void =>
      this.#changed(update, origin, made);
    doc.on('update', onUpdate);
    this.#undo.push(() => doc.off('update', onUpdate));
    this.#undo.push(() => this.#tidying.destroy());
    this.#undo.push(
      listenToPage({
        leaving: () => void this.#copy?.flush().catch(() => {}), // told by its `error` event
        stored: () => {
          this.#tabs?.leave();
          this.#copy?.leave();
        },
        restored: () => {
          this.#copy?.comeBack();
          this.#setMayRead(this.#mayRead);
        },
      }),
    );
    if (deps.owner === undefined) this.#openTabs(deps.channelName);
    if (copy === undefined) this.#begin(nothing);
    else {
      void deps.owner?.().then((owner) => {
        // The server has the last word.
        if (!this.#edits.isKnown) this.#setOwner(owner);
      });
      void this.#load(copy);
    }
  }

  get isLoaded(): boolean {
    return this.#sync !== undefined;
  }

  /** When the copy has been read. Rejects with OfflineError when it cannot be; the document goes on in memory. */
  get whenLoaded(): Promise<void> {
    return this.#loaded.promise;
  }

  /** The copy holds all there is, in complete transactions. */
  get isSavedLocally(): boolean {
    return this.isLoaded && this.#copy !== undefined && this.offlineError === undefined && this.#copy.isSaved;
  }

  /** What this document holds under some client ids differs from what others hold, for good. */
  get hasClientIdConflict(): boolean {
    return this.#identity.hasConflict;
  }

  get copy(): OfflineCopy | undefined {
    return this.#copy;
  }

  /** Throws OfflineError where there is no copy, or none that is for whom the connection is with. */
  get values(): CopyValues {
    if (this.#copy === undefined)
      throw new OfflineError('OFFLINE_UNAVAILABLE', 'there is no copy on this device');
    if (this.#isOfOther || this.reason?.code === 'FORBIDDEN')
      throw new OfflineError('OFFLINE_FORBIDDEN', 'the copy is not for this user of this server');
    return this.#copy.values;
  }

  /** The copy could not be read yet, and may hold edits that nobody has seen. */
  get isCopyUnread(): boolean {
    return this.#copy?.isUnread ?? false;
  }

  get offlineError(): OfflineError | undefined {
    return this.#copy?.error;
  }

  get phase(): DocumentPhase {
    return this.#sync?.phase ?? 'closed';
  }

  get access(): Access | undefined {
    return this.#sync?.access;
  }

  /** Why it is blocked, or what was refused last. */
  get reason(): DocumentReason | undefined {
    return this.#sync?.reason;
  }

  /** It exchanges edits with the other tabs of this browser. */
  get isAmongTabs(): boolean {
    return this.#tabs !== undefined && this.#mayRead;
  }

  /** What the document holds is of another user or server than the connection is with: nothing is sent or received. */
  get isOfOther(): boolean {
    return this.#isOfOther;
  }

  /** When both sides were last the same before this page, as the copy remembers it: by the server's clock. */
  get syncedAt(): number | undefined {
    return this.#syncedAt;
  }

  get unsynced(): number {
    return this.#sync?.unsynced ?? this.#early.length;
  }

  /** As DocumentSync.unsyncedBytes. */
  get unsyncedBytes(): number {
    return this.#sync?.unsyncedBytes ?? this.#early.reduce((sum, { length }) => sum + length, 0);
  }

  /** As DocumentSync.refusedBytes. */
  get refusedBytes(): number {
    return this.#sync?.refusedBytes ?? 0;
  }

  /** As DocumentSync.refusal. */
  get refusal(): DocumentReason | undefined {
    return this.#sync?.refusal;
  }

  /** On the server, whenever the connection is open. Idempotent; asks again where that was of no use before. */
  open(): void {
    this.#isOpen = true;
    this.#channel?.start();
    this.#sync?.retry();
  }

  /** Nobody is logged in: what other tabs write is not for whoever looks at this one. */
  leaveTabs(): void {
    this.#setMayRead(false);
  }

  /** The connection is about to be with whom the token names: the document is theirs, or it is told that it is another's. */
  async lookAtOwner(): Promise<void> {
    const who = await this.#deps.owner?.();
    if (who?.user !== undefined && this.isLoaded && !this.#isDestroyed) this.#meets(who);
  }

  close(): void {
    this.#isOpen = false;
    this.#channel?.stop();
  }

  /** From now on it is kept over this connection. */
  moveTo(connection: Connection): void {
    this.#deps.connection = connection;
    this.#channel?.moveTo(connection);
  }

  /** As DocumentSync.synced. */
  async synced(): Promise<void> {
    if (this.#sync === undefined) await this.#begun.promise;
    if (this.#isDestroyed) throw gone();
    await this.#sync?.synced();
  }

  /** As DocumentSync.rebase. */
  rebase(): LostContent | undefined {
    return this.#sync?.rebase();
  }

  override destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    for (const undo of this.#undo.splice(0)) undo();
    this.#loaded.reject(gone());
    this.#begun.reject(gone());
    this.#presence?.destroy();
    this.#tabs?.destroy();
    this.#identity.destroy();
    this.#sync?.destroy();
    this.#channel?.destroy();
    this.#content?.destroy();
    void this.#copy?.close().catch(() => {}); // told by its `error` event
    super.destroy();
  }

  async #load(copy: OfflineCopy): Promise<void> {
    const { doc } = this.#deps;
    let loaded = nothing;
    let failure: Error | undefined;
    copy.on('loaded', (late) => this.#loadedLate(copy, late));
    copy.on('returned', ({ update, isOrphaned }) => {
      if (this.#isDestroyed) return;
      if (update !== undefined) applyGuarded(doc, () => Y.applyUpdate(doc, update, copy), copy);
      if (isOrphaned) this.#sync?.compare();
      this.emit('changed', []);
    });
    try {
      const found = await copy.load();
      if (this.#isDestroyed) return;
      const { update } = found;
      if (update !== undefined) applyGuarded(doc, () => Y.applyUpdate(doc, update, copy), copy);
      loaded = found;
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    if (this.#isDestroyed) return;
    this.#begin(loaded);
    if (failure === undefined) this.#loaded.resolve();
    else this.#loaded.reject(failure);
  }

  /** The copy could not be read at first: what it holds comes to what the document has by now. */
  #loadedLate(copy: OfflineCopy, { update, position, pending, access, syncedAt }: LoadedCopy): void {
    const { doc } = this.#deps;
    const sync = this.#sync;
    if (this.#isDestroyed || sync === undefined) return;
    this.#syncedAt = syncedAt;
    if (update !== undefined) applyGuarded(doc, () => Y.applyUpdate(doc, update, copy), copy);
    for (const { update: edit, edits } of pending) sync.restore(edit, edits);
    copy.restored();
    // Beyond what is pending the copy may hold what the server lacks.
    if (update !== undefined && position === undefined) sync.compare();
    if (access !== undefined && sync.access === undefined) this.#setMayRead(true);
    this.emit('changed', []);
  }

  /** Everything of this device is in the document: the server may be asked for the rest. */
  #begin({ position, pending, access, syncedAt }: LoadedCopy): void {
    this.#syncedAt = syncedAt;
    const { doc, name, connection, otherConnection, clock, random, awareness } = this.#deps;
    const content = new YjsContent({
      doc,
      random,
      isEdit: (origin) => this.#kindOf(origin) === 'edit',
      tidying: this.#tidying,
    });
    const channel = new DocumentChannel({
      name,
      connection,
      otherConnection,
      mayOpen: (welcome) => this.#mayOpen(welcome),
      clock,
      random,
    });
    const sync = new DocumentSync({
      content,
      channel,
      clock,
      random,
      position: this.#hadContent ? undefined : position,
    });
    this.#content = content;
    this.#channel = channel;
    this.#sync = sync;
    const isNear = (id: number): boolean => this.#tabs?.awarenessIds.has(id) ?? false;
    const refused = (reason: DocumentReason): void => this.emit('awareness-refused', [reason]);
    const maxBytes = (): number => this.#deps.connection.limits.maxAwarenessBytes;
    this.#presence = new Presence({ awareness, channel, isNear, maxBytes, refused });
    for (const { update, edits } of pending) sync.restore(update, edits);
    for (const update of this.#early.splice(0)) sync.restore(update);
    for (const update of this.#earlyDerived.splice(0)) sync.derive(update);
    // Only now, as the count has been lower meanwhile than it ever was.
    this.#listen(sync);
    if (this.unsynced > 0) this.#tell('unsynced', this.unsynced);
    if (this.#copy === undefined) this.#loaded.resolve();
    this.#begun.resolve();
    this.#setMayRead(access !== undefined && access !== 'none');
    if (this.#isOpen) channel.start();
    this.emit('changed', []);
  }

  #listen(sync: DocumentSync): void {
    const copy = this.#copy;
    if (copy !== undefined) noteInCopy(sync, copy);
    sync.on('phase', (phase) => {
      if (phase === 'syncing') this.#setMayRead(true);
      if (phase === 'blocked' && sync.reason?.code === 'FORBIDDEN') this.#setMayRead(false);
      this.#tell('phase', phase);
    });
    sync.on('access', (access) => this.#tell('access', access));
    sync.on('unsynced', (count) => this.#tell('unsynced', count));
    sync.on('upload', () => this.emit('changed', []));
    sync.on('refused', (reason) => this.#tell('refused', reason));
    copy?.on('saved', () => this.emit('changed', []));
    copy?.on('error', (error) => {
      this.emit('offline-error', [error]);
      this.emit('changed', []);
    });
  }

  /** The connection is about to be with this owner, or is. Returns false where what the document holds is not for them. */
  #meets(who: CopyOwner): boolean {
    const isAllThere = this.#sync?.isComplete === true && this.unsynced === 0;
    const isOfOther = this.#copy?.meets(who) === false || this.#edits.isAnother(who, isAllThere);
    const wasOfOther = this.#isOfOther;
    this.#isOfOther = isOfOther;
    if (isOfOther) this.#setMayRead(false);
    else this.#setOwner(who);
    if (isOfOther && !wasOfOther) this.emit('other-owner', []);
    if (isOfOther !== wasOfOther) this.emit('changed', []);
    return !isOfOther;
  }

  #mayOpen(welcome: Welcome | undefined): boolean {
    const { url = '', owner } = this.#deps;
    return welcome === undefined || owner === undefined || this.#meets(ownerOf(url, welcome));
  }

  /** Tabs of other users and servers are not heard. */
  #setOwner(owner: CopyOwner): void {
    const { channelName } = this.#deps;
    const { server = '', user = '' } = owner;
    this.#edits.is(owner);
    if (!this.#isDestroyed && channelName !== undefined) this.#openTabs(`${channelName}:${server}:${user}`);
  }

  #openTabs(channelName: string | undefined): void {
    if (channelName === undefined || channelName === this.#channelName) return;
    this.#tabs?.destroy();
    this.#channelName = channelName;
    const { doc, awareness, clock, random, tabPlatform: platform } = this.#deps;
    const kindOf = (origin: unknown, made: Y.Transaction): 'edit' | 'derived' | 'server' | 'copy' => {
      const kind = this.#kindOf(origin, made);
      return kind === 'tab' ? 'server' : kind;
    };
    const written = (): readonly WrittenRange[] => this.#identity.written;
    const tabs = new TabChannel({ channelName, doc, awareness, clock, random, kindOf, written, platform });
    tabs.on('client-id', () => this.#identity.look());
    tabs.on('conflict', (clientId) => this.#identity.foundTwice(clientId));
    tabs.on('orphaned', () => this.#sync?.compare());
    tabs.on('error', (error) => this.emit('tab-error', [error]));
    this.#tabs = tabs;
    tabs.setState({ isSynced: this.phase === 'synced', unsynced: this.unsynced });
    if (this.#mayRead) tabs.join();
  }

  #conflict(clientId: number): void {
    // The tab that has written the other content is to know of it too.
    this.#tabs?.tell();
    this.emit('client-id-conflict', [clientId]);
    this.emit('changed', []);
  }

  /** A tab that may not read the document gets nothing of it from its siblings. */
  #setMayRead(mayRead: boolean): void {
    this.#mayRead = mayRead;
    if (mayRead) this.#tabs?.join();
    else this.#tabs?.leave();
  }

  /** Where a change came from. derived: Yjs has made it of its own accord (K10). */
  #kindOf(origin: unknown, made?: Y.Transaction): 'edit' | 'derived' | 'server' | 'copy' | 'tab' {
    if (origin === this.#content && origin !== undefined) return 'server';
    if (origin === this.#copy && origin !== undefined) return 'copy';
    if (origin === this.#tabs && origin !== undefined) return 'tab';
    return this.#tidying.has(made) ? 'derived' : 'edit';
  }

  #changed(update: Uint8Array, origin: unknown, made?: Y.Transaction): void {
    const kind = this.#kindOf(origin, made);
    if (kind === 'tab') this.#edits.heardTab();
    if (kind === 'edit') this.#edits.wrote();
    if (kind === 'copy') return;
    this.#copy?.add(update, kind === 'edit');
    if (this.#sync !== undefined) return;
    if (kind === 'derived') this.#earlyDerived.push(update);
    if (kind !== 'edit') return;
    this.#early.push(update);
    this.#tell('unsynced', this.unsynced);
  }

  #tell<Name extends 'phase' | 'access' | 'unsynced' | 'refused'>(
    name: Name,
    what: Parameters<Events[Name]>[0],
  ): void {
    // The server may have made the document take another client id.
    this.#identity.look();
    this.#tabs?.setState({ isSynced: this.phase === 'synced', unsynced: this.unsynced });
    this.emit(name, [what] as unknown as Parameters<Events[Name]>);
    this.emit('changed', []);
  }
}
