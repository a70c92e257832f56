// Subdocuments: each is a document of its own on the server, under the rights of the one it hangs in, and is loaded when the
// application asks for it.

import type * as Y from 'yjs';
import { subdocumentName } from '../../shared/document-name.js';

interface Change {
  readonly loaded: ReadonlySet<Y.Doc>;
  readonly removed: ReadonlySet<Y.Doc>;
}

/** Opens those that are to be loaded, and lets go of those that are removed or replaced. */
export class Subdocuments<Opened extends { destroy(): void }> {
  readonly #parent: { readonly doc: Y.Doc; readonly name: string };
  readonly #open: (name: string, doc: Y.Doc) => Opened;
  readonly #opened = new Map<Y.Doc, Opened>();
  readonly #onChange = (change: Change): void => this.#changed(change);

  constructor(
    parent: { readonly doc: Y.Doc; readonly name: string },
    open: (name: string, doc: Y.Doc) => Opened,
  ) {
    this.#parent = parent;
    this.#open = open;
    for (const doc of parent.doc.subdocs) if (doc.shouldLoad) this.#load(doc);
    parent.doc.on('subdocs', this.#onChange);
  }

  get all(): Iterable<Opened> {
    return this.#opened.values();
  }

  destroy(): void {
    this.#parent.doc.off('subdocs', this.#onChange);
    for (const one of this.#opened.values()) one.destroy();
    this.#opened.clear();
  }

  #changed({ loaded, removed }: Change): void {
    for (const doc of removed) {
      this.#opened.get(doc)?.destroy();
      this.#opened.delete(doc);
    }
    for (const doc of loaded) this.#load(doc);
  }

  #load(doc: Y.Doc): void {
    if (!this.#opened.has(doc))
      this.#opened.set(doc, this.#open(subdocumentName(this.#parent.name, doc.guid), doc));
  }
}
