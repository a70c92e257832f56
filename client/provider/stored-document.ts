// A document that nobody has open: its copy on this device and the server's document are made the same, without a Y.Doc. Owns
// its place on the connection until that is done.

import type { Clock } from '../../shared/clock.js';
import type { Connection, ConnectionReason } from '../connection/connection.js';
import { emptyUpdate } from '../crdt/empty-update.js';
import { DocumentChannel } from '../document/document-channel.js';
import { errorOf } from '../document/document-reason.js';
import { DocumentSync } from '../document/document-sync.js';
import { StoredContent } from '../document/stored-content.js';
import { ownerOf } from '../offline/copy-owner.js';
import type { OfflineCopy } from '../offline/offline-copy.js';
import type { LoadedCopy } from '../offline/loaded-copy.js';
import type { ConnectionUser } from './before-wipe.js';
import { ClosedError } from '../platform/closed-error.js';
import { noteInCopy } from './note-in-copy.js';
import { Settled } from '../platform/settled.js';
import { loggedOut, otherOwner } from './status-reason.js';

/** What it needs of the connection that it is on. */
interface Host {
  readonly url: string;
  readonly wire: Connection;
  readonly names: Set<string>;
  readonly isLoggedOut: boolean;
  readonly isAskingForToken: boolean;
  readonly isStuck: boolean;
  readonly reason: ConnectionReason | undefined;
  covers(name: string): boolean;
  retain(user: ConnectionUser): void;
  release(user: ConnectionUser): void;
  listen(name: 'state' | 'logged-out' | 'renewed' | 'covered', listener: () => void): () => void;
}

export interface StoredDocumentDeps {
  readonly name: string;
  readonly connection: Host;
  /** Makes the copy; `encodeDocument` gives all that is known of the document. */
  readonly openCopy: (encodeDocument: () => Uint8Array) => OfflineCopy;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

export class StoredDocument implements ConnectionUser {
  /** Resolves when both sides are the same and stored. Rejects with what is in the way, be it for now. */
  readonly kept: Promise<void>;
  readonly #deps: StoredDocumentDeps;
  readonly #copy: OfflineCopy;
  readonly #ended = new Settled();
  readonly #undo: (() => void)[] = [];
  #content: StoredContent | undefined;
  #brings = false;
  #isDestroyed = false;

  /** The document is open on the connection from now on, until `destroy`: it must not be open there. */
  constructor(deps: StoredDocumentDeps) {
    this.#deps = deps;
    const { connection, name } = deps;
    // First: it throws where there is none.
    this.#copy = deps.openCopy(() => this.#content?.whole ?? emptyUpdate);
    connection.names.add(name);
    connection.retain(this);
    this.#undo.push(
      connection.listen('state', () => this.#look()),
      connection.listen('logged-out', () => this.#look()),
    );
    this.kept = Promise.race([this.#ended.promise, this.#keep()]);
    this.#look();
  }

  get name(): string {
    return this.#deps.name;
  }

  /** For the connection: edits of an earlier time are not on the server yet. */
  get hasUnsyncedChanges(): boolean {
    return this.#brings;
  }

  readonly status = { reason: undefined };

  /** The page is put away: it lets go of the copy's locks at once (I31). */
  putAway(): void {
    this.#copy.leave();
    this.destroy();
  }

  /** Lets go of the connection at once. What has come is stored. */
  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    const { connection, name } = this.#deps;
    for (const undo of this.#undo.splice(0)) undo();
    connection.names.delete(name);
    connection.release(this);
    this.#ended.reject(new ClosedError('the document was let go of'));
    void this.#copy.close().catch(() => {}); // `kept` has told what could not be stored
  }

  /** Nothing is tried any more. */
  #look(): void {
    const { connection } = this.#deps;
    if (connection.isLoggedOut && !connection.isAskingForToken) this.#ended.reject(errorOf(loggedOut));
    else if (connection.isStuck && connection.reason !== undefined)
      this.#ended.reject(errorOf(connection.reason));
  }

  async #keep(): Promise<void> {
    const loaded = await this.#copy.load();
    if (this.#isDestroyed) throw new ClosedError('the document was let go of');
    await this.#sync(loaded).synced();
    await this.#copy.flush();
  }

  #sync({ update, position, pending, hasOthersPending }: LoadedCopy): DocumentSync {
    const { name, connection, clock, random } = this.#deps;
    const copy = this.#copy;
    const content = new StoredContent(update, (more) => copy.add(more, false));
    const channel = new DocumentChannel({
      name,
      connection: connection.wire,
      mayOpen: (welcome) => {
        if (welcome === undefined || copy.meets(ownerOf(connection.url, welcome))) return true;
        this.#ended.reject(errorOf({ ...otherOwner, code: 'FORBIDDEN' }));
        return false;
      },
      clock,
      random,
    });
    const sync = new DocumentSync({ content, channel, clock, random, position });
    // What other tabs have not sent is to be on the server too.
    if (hasOthersPending) sync.compare();
    noteInCopy(sync, copy);
    sync.on('unsynced', (count) => (this.#brings = count > 0));
    for (const { update: edit, edits } of pending) sync.restore(edit, edits);
    this.#content = content;
    const open = (): void => {
      if (connection.covers(name)) channel.start();
    };
    this.#undo.push(
      connection.listen('renewed', open),
      connection.listen('covered', open),
      () => sync.destroy(),
      () => channel.destroy(),
    );
    open();
    return sync;
  }
}
