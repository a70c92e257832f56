// Everything that one open document needs, made and taken down together: Y.Doc, copy on this device, connection, editor.

import type { Editor } from '@tiptap/core';
import type { IndexeddbPersistence } from 'y-indexeddb';
import * as Y from 'yjs';
import { Connection } from './connection.js';
import { personAtWindow } from './identity.js';
import { closeLocalCopy, localCopyName, localCopyRead, openLocalCopy } from './local-copy.js';
import { LocalSaves } from './local-saves.js';
import type { PageAddress } from './page-address.js';
import { createRichText } from './rich-text.js';
import { syncStatus, type SyncStatus } from './sync-status.js';
import { WaitingEdits } from './waiting-edits.js';

interface OpenDocumentOptions {
  readonly address: PageAddress;
  readonly slot: number;
  readonly isCut: boolean;
  /** The status, the refusal or who is here may have changed. */
  readonly changed: (opened: OpenDocument) => void;
}

/** A document open in this window. Shown by {@link OpenDocument.load}; connected by its `connection`. */
export class OpenDocument {
  readonly address: PageAddress;
  readonly doc: Y.Doc;
  readonly persistence: IndexeddbPersistence;
  readonly connection: Connection;
  editor: Editor | undefined;
  /** Undefined until known; false where the browser keeps nothing. */
  hasLocalCopy: boolean | undefined;
  readonly #waiting: WaitingEdits;
  readonly #saves: LocalSaves;
  #isClosed = false;

  constructor({ address, slot, isCut, changed }: OpenDocumentOptions) {
    const notify = (): void => {
      if (this.#isClosed) return;
      if (this.connection.takesEdits) this.#waiting.clear();
      changed(this);
    };
    this.address = address;
    this.doc = new Y.Doc();
    this.persistence = openLocalCopy(slot, address.documentName, this.doc);
    this.#saves = new LocalSaves(this.persistence, notify);
    this.connection = new Connection({ doc: this.doc, ...address, isCut, changed: notify });
    this.#waiting = new WaitingEdits(this.doc, localCopyName(slot, address.documentName), {
      isOffered: () => this.connection.takesEdits,
      changed: notify,
    });
    this.connection.provider.awareness.on('change', notify);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** What the pill shows now. */
  get status(): SyncStatus {
    const { isCut, outage, isSynced, refusal, access } = this.connection;
    const isLoaded = this.hasLocalCopy !== undefined;
    const { saved } = this;
    return syncStatus({
      isLoaded,
      access,
      saved,
      isCut,
      outage,
      isSynced,
      refusal,
      waiting: this.#waiting.count,
    });
  }

  /** Whether the copy on this device holds every edit made here. */
  get saved(): 'yes' | 'not-yet' | 'never' {
    if (this.hasLocalCopy === false) return 'never';
    return this.#saves.isSaved ? 'yes' : 'not-yet';
  }

  /** Closing the window now would lose edits: they are neither with the server nor on this device. */
  get wouldLoseEdits(): boolean {
    return this.#waiting.count > 0 && this.saved !== 'yes';
  }

  /** Reads the copy on this device, then shows the editor. The text is there before the network is asked for anything. */
  async load(element: HTMLElement, slot: number): Promise<void> {
    const hasLocalCopy = await localCopyRead(this.persistence);
    if (this.#isClosed) return;
    this.hasLocalCopy = hasLocalCopy;
    this.#waiting.start();
    this.#saves.start();
    this.editor = createRichText({
      element,
      doc: this.doc,
      provider: this.connection.provider,
      person: personAtWindow(slot),
      isEditable: this.address.access === 'write' || this.address.isForced,
    });
  }

  /** Takes everything down; the copy on this device stays. */
  close(): void {
    this.#isClosed = true;
    this.editor?.destroy();
    this.connection.close();
    this.#waiting.stop();
    this.#saves.stop();
    void closeLocalCopy(this.persistence);
    this.doc.destroy();
  }
}
