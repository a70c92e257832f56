// One Y.Doc and everything that keeps it: the copy on this device, the tabs beside this one, the server, presence. Owns in
// which order they begin and end and what each is told of the others; has no opinion on what is shown of it.

import { ClosedError } from '../platform/closed-error.js';
import { guardListeners, GuardedObservable, until } from '../platform/guarded.js';
import * as Y from 'yjs';
import type { Access } from '../../shared/permission.js';
import type { Connection, Welcome } from '../connection/connection.js';
import { guardDocument } from '../crdt/guarded-document.js';
import { ownerOf, type CopyOwner } from '../offline/copy-owner.js';
import type { CopyValues } from '../offline/copy-values.js';
import type { LoadedCopy } from '../offline/loaded-copy.js';
import type { OfflineCopy } from '../offline/offline-copy.js';
import { OfflineError } from '../offline/offline-error.js';
import { Tidying } from '../crdt/tidying.js';
import { listenToPage } from '../platform/page-events.js';
import { ClientIdentity } from './client-identity.js';
import { loadInto } from './copy-in-document.js';
import type { KeptDocumentDeps, KeptDocumentEvents } from './kept-document-deps.js';
import { DocumentTabs } from './document-tabs.js';
import type { DocumentReason } from '../document/document-reason.js';
import type { DocumentPhase } from '../document/document-events.js';
import { DocumentSync } from '../document/document-sync.js';
import { DocumentChannel } from '../document/document-channel.js';
import { YjsContent } from '../document/yjs-content.js';
import { Presence } from '../document/presence.js';
import type { LostContent } from '../document/refused-content.js';
import { noteInCopy } from './note-in-copy.js';
import { EarlyChanges } from './early-changes.js';
import { EditsOwner } from './edits-owner.js';
import { Settled } from '../platform/settled.js';
import { hasOwnUnsynced } from './unsynced.js';

const nothing: LoadedCopy = {
  update: undefined,
  position: undefined,
  pending: [],
  hasOthersPending: false,
  access: undefined,
};

const gone = (): Error => new ClosedError('the document was let go of');

export class KeptDocument extends GuardedObservable<KeptDocumentEvents> {
  readonly #deps: KeptDocumentDeps;
  readonly #copy: OfflineCopy | undefined;
  readonly #identity: ClientIdentity;
  readonly #tabs: DocumentTabs;
  readonly #loaded = new Settled();
  readonly #undo: (() => void)[] = [];
  /** What was in the document before there was a provider may be nowhere else. */
  readonly #hadContent: boolean;
  readonly #tidying: Tidying;
  readonly #early = new EarlyChanges();
  #content: YjsContent | undefined;
  #channel: DocumentChannel | undefined;
  #sync: DocumentSync | undefined;
  #presence: Presence | undefined;
  readonly #begun = new Settled();
  readonly #over = new Settled();
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
    this.#tabs = this.#tabsBeside();
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
          this.#tabs.leave();
          this.#copy?.leave();
        },
        restored: () => {
          this.#copy?.comeBack();
          this.#tabs.comeBack();
        },
      }),
    );
    if (deps.owner === undefined) this.#tabs.open(deps.channelName);
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
    return this.#tabs.areHeard;
  }

  /** What the document holds is of another user or server than the connection is with: nothing is sent or received. */
  get isOfOther(): boolean {
    return this.#isOfOther;
  }

  /** When both sides were last the same before this page, as the copy remembers it: by the server's clock. */
  get syncedAt(): number | undefined {
    return this.#syncedAt;
  }

  get #counted(): DocumentSync | EarlyChanges {
    return this.#sync ?? this.#early;
  }

  get unsynced(): number {
    return this.#counted.unsynced;
  }

  /** As DocumentSync.unsyncedBytes. */
  get unsyncedBytes(): number {
    return this.#counted.unsyncedBytes;
  }

  /** As DocumentSync.refusedBytes. */
  get refusedBytes(): number {
    return this.#counted.refusedBytes;
  }

  /** A living tab of this browser has told what it is to bring to the server, and has not brought it yet. */
  get isOwed(): boolean {
    return this.#tabs.isOwed;
  }

  /** As DocumentSync.isInDoubt. */
  get isInDoubt(): boolean {
    return this.#counted.isInDoubt;
  }

  /** As DocumentSync.refusal. */
  get refusal(): DocumentReason | undefined {
    return this.#sync?.refusal;
  }

  /** On the server, whenever the connection is open. Idempotent; asks again where that was of no use before: DocumentSync.retry. */
  open(revives = false): void {
    this.#isOpen = true;
    this.#channel?.start();
    this.#sync?.retry(revives);
  }

  /** Nobody is logged in: what other tabs write is not for whoever looks at this one. */
  leaveTabs(): void {
    this.#tabs.setMayRead(false);
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

  /** As DocumentSync.synced; what other tabs have told counts as what is here. */
  async synced(): Promise<void> {
    if (this.#sync === undefined) await this.#begun.promise;
    if (this.#isDestroyed) throw gone();
    for (;;) {
      await this.#sync?.synced();
      if (!this.isOwed) return;
      await Promise.race([this.#over.promise, until(this, 'changed', () => !this.isOwed)]);
    }
  }

  /** The document on its connection, once it has begun. Rejects with ClosedError when it is destroyed before. */
  async channel(): Promise<DocumentChannel> {
    await this.#begun.promise;
    if (this.#isDestroyed || this.#channel === undefined) throw gone();
    return this.#channel;
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
    this.#over.reject(gone());
    this.#presence?.destroy();
    this.#tabs.destroy();
    this.#identity.destroy();
    this.#sync?.destroy();
    this.#channel?.destroy();
    this.#content?.destroy();
    void this.#copy?.close().catch(() => {}); // told by its `error` event
    super.destroy();
  }

  async #load(copy: OfflineCopy): Promise<void> {
    let loaded = nothing;
    let failure: Error | undefined;
    try {
      loaded = await loadInto(copy, {
        doc: this.#deps.doc,
        isOver: () => this.#isDestroyed,
        loadedLate: (late) => this.#loadedLate(copy, late),
        returned: (hasOthersPending) => {
          if (hasOthersPending) this.#compare();
          this.emit('changed', []);
        },
      });
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    if (this.#isDestroyed) return;
    this.#begin(loaded);
    if (failure === undefined) this.#loaded.resolve();
    else this.#loaded.reject(failure);
  }

  #loadedLate(copy: OfflineCopy, loaded: LoadedCopy): void {
    const { update, position, pending, hasOthersPending, access, syncedAt } = loaded;
    const sync = this.#sync;
    if (sync === undefined) return;
    this.#syncedAt = syncedAt;
    for (const { update: edit, edits } of pending) sync.restore(edit, edits);
    copy.restored();
    // Beyond what is pending the copy may hold what the server lacks.
    if (hasOthersPending || (update !== undefined && position === undefined)) this.#compare();
    if (access !== undefined && sync.access === undefined) this.#tabs.setMayRead(true);
    this.emit('changed', []);
  }

  /** Everything of this device is in the document: the server may be asked for the rest. */
  #begin({ position, pending, hasOthersPending, access, syncedAt }: LoadedCopy): void {
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
    const isNear = (id: number): boolean => this.#tabs.awarenessIds.has(id);
    const refused = (reason: DocumentReason): void => this.emit('awareness-refused', [reason]);
    const maxBytes = (): number => this.#deps.connection.limits.maxAwarenessBytes;
    this.#presence = new Presence({ awareness, channel, isNear, maxBytes, refused });
    for (const { update, edits } of pending) sync.restore(update, edits);
    this.#early.handTo(sync);
    // Nobody says when the server has those.
    if (hasOthersPending) sync.compare();
    // Only now, as the count has been lower meanwhile than it ever was.
    this.#listen(sync);
    if (this.unsynced > 0) this.#tell('unsynced', this.unsynced);
    if (this.#copy === undefined) this.#loaded.resolve();
    this.#begun.resolve();
    this.#tabs.setMayRead(access !== undefined && access !== 'none');
    if (this.#isOpen) channel.start();
    this.emit('changed', []);
  }

  #listen(sync: DocumentSync): void {
    const copy = this.#copy;
    if (copy !== undefined) noteInCopy(sync, copy);
    sync.on('phase', (phase) => {
      if (phase === 'syncing') this.#tabs.setMayRead(true);
      if (phase === 'blocked' && sync.reason?.code === 'FORBIDDEN') this.#tabs.setMayRead(false);
      this.#tell('phase', phase);
    });
    sync.on('access', (access) => this.#tell('access', access));
    sync.on('unsynced', (count) => this.#tell('unsynced', count));
    sync.on('upload', () => {
      this.#tabs.look();
      this.emit('changed', []);
    });
    sync.on('position', () => this.#tabs.look());
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
    if (isOfOther) this.#tabs.setMayRead(false);
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
    if (!this.#isDestroyed && channelName !== undefined) this.#tabs.open(`${channelName}:${server}:${user}`);
  }

  #tabsBeside(): DocumentTabs {
    const { doc, awareness, clock, random, tabPlatform: platform } = this.#deps;
    return new DocumentTabs({
      doc,
      awareness,
      clock,
      random,
      platform,
      kindOf: (origin, made) => {
        const kind = this.#kindOf(origin, made);
        return kind === 'tab' ? 'server' : kind;
      },
      identity: this.#identity,
      state: () => ({
        isSynced: this.phase === 'synced',
        hasUnsynced: hasOwnUnsynced(this) || this.#sync?.isComplete === false,
      }),
      orphaned: () => this.#compare(),
      owed: () => this.emit('changed', []),
      failed: (error) => this.emit('tab-error', [error]),
    });
  }

  /** The document may show what the server lacks, and nobody else is known to bring it there. */
  #compare(): void {
    if (this.#isDestroyed) return;
    this.#sync?.compare();
    this.#tabs.look();
    this.emit('changed', []);
  }

  #conflict(clientId: number): void {
    // The tab that has written the other content is to know of it too.
    this.#tabs.tell();
    this.emit('client-id-conflict', [clientId]);
    this.emit('changed', []);
  }

  /** Where a change came from. derived: Yjs has made it of its own accord (K10). */
  #kindOf(origin: unknown, made?: Y.Transaction): 'edit' | 'derived' | 'server' | 'copy' | 'tab' {
    if (origin === this.#content && origin !== undefined) return 'server';
    if (origin === this.#copy && origin !== undefined) return 'copy';
    if (this.#tabs.areOrigin(origin)) return 'tab';
    return this.#tidying.has(made) ? 'derived' : 'edit';
  }

  #changed(update: Uint8Array, origin: unknown, made?: Y.Transaction): void {
    const kind = this.#kindOf(origin, made);
    if (kind === 'tab') this.#edits.heardTab();
    if (kind === 'edit') this.#edits.wrote();
    if (kind === 'copy') return;
    this.#copy?.add(update, kind === 'edit');
    if (this.#sync !== undefined || (kind !== 'edit' && kind !== 'derived')) return;
    this.#early.add(update, kind);
    if (kind === 'edit') this.#tell('unsynced', this.unsynced);
  }

  #tell<Name extends 'phase' | 'access' | 'unsynced' | 'refused'>(
    name: Name,
    what: Parameters<KeptDocumentEvents[Name]>[0],
  ): void {
    // The server may have made the document take another client id.
    this.#identity.look();
    this.#tabs.look();
    this.emit(name, [what] as unknown as Parameters<KeptDocumentEvents[Name]>);
    this.emit('changed', []);
  }
}
