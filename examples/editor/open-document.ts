// Everything that one open document needs, made and taken down together: Y.Doc, provider, editor.

import type { Editor } from '@tiptap/core';
import * as Y from 'yjs';
import { accessToken } from './access-token.js';
import { ownUserId, personAtWindow } from './identity.js';
import { HeddleProvider } from '../../client/index.js';
import { localCopyName } from './local-copies.js';
import type { PageAddress } from './page-address.js';
import { createRichText } from './rich-text.js';

interface OpenDocumentOptions {
  readonly address: PageAddress;
  readonly slot: number;
  readonly isCut: boolean;
  /** The status, or who is here, may have changed. */
  readonly changed: (opened: OpenDocument) => void;
}

/** A document open in this window. Shown by {@link OpenDocument.load}. */
export class OpenDocument {
  readonly address: PageAddress;
  readonly doc: Y.Doc;
  readonly provider: HeddleProvider;
  editor: Editor | undefined;
  #isClosed = false;

  constructor({ address, slot, isCut, changed }: OpenDocumentOptions) {
    const { documentName, access } = address;
    this.address = address;
    this.doc = new Y.Doc();
    this.provider = new HeddleProvider(
      new URL('.', document.baseURI).href,
      `demo/${documentName}`,
      this.doc,
      {
        token: accessToken[access],
        connect: !isCut,
        // Every window counts as a device: with a copy of its own, and nothing passed from tab to tab.
        device: `${ownUserId()}/${slot}`,
        offline: { name: localCopyName(slot, documentName) },
        tabs: false,
      },
    );
    const notify = (): void => {
      if (!this.#isClosed) changed(this);
    };
    this.provider.on('sync-status', notify);
    this.provider.on('status', notify);
    this.provider.on('synced', notify);
    this.provider.awareness.on('change', notify);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Shows the editor as soon as the copy on this device is read: the text is there before the network has answered. */
  async load(element: HTMLElement, slot: number): Promise<void> {
    // Where there is no copy the status says why, and the document goes on without one.
    await this.provider.whenLoaded.catch(() => {});
    if (this.#isClosed) return;
    this.editor = createRichText({
      element,
      doc: this.doc,
      provider: this.provider,
      person: personAtWindow(slot),
      isEditable: this.address.access === 'write' || this.address.isForced,
    });
  }

  /** Takes everything down; the copy on this device stays. */
  close(): void {
    this.#isClosed = true;
    this.editor?.destroy();
    this.provider.destroy();
    this.doc.destroy();
  }
}
