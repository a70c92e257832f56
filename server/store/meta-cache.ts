// What is known of documents without reading: lets an append to a document that was seen before go without a read.

import type { DocumentName } from '../../shared/document-name.js';
import type { DocumentMeta } from './record-codec.js';

/** Remembered documents; each takes a few hundred bytes. */
const maxRemembered = 20_000;

/** The least recently changed are forgotten. `null` is known to be absent, undefined is not known. */
export class MetaCache {
  readonly #metas = new Map<DocumentName, DocumentMeta | null>();
  #generation = 0;

  /** Steps whenever something known is forgotten: see `learn`. */
  get generation(): number {
    return this.#generation;
  }

  get(document: DocumentName): DocumentMeta | null | undefined {
    return this.#metas.get(document);
  }

  /** What the change being made leaves. Order of change is order of insertion. */
  set(document: DocumentName, meta: DocumentMeta | null): void {
    this.#metas.delete(document);
    this.#metas.set(document, meta);
  }

  /**
   * What a read found. Changes made meanwhile know better: they are in the cache already, or have been in it and
   * forgotten, and then the generation is not the one from before the read.
   */
  learn(document: DocumentName, meta: DocumentMeta | null, generation: number): void {
    if (generation === this.#generation && !this.#metas.has(document)) this.set(document, meta);
  }

  /** Keeps to the bound. Only between commits: what a commit under way has changed cannot be read back yet. */
  trim(): void {
    for (const document of this.#metas.keys()) {
      if (this.#metas.size <= maxRemembered) return;
      this.#metas.delete(document);
      this.#generation += 1;
    }
  }
}
