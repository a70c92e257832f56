// Under which client id this document is written and shown. Yjs, the server and other tabs can give the document another
// client id, when somebody else has the one that it had: then awareness moves along, as editors take the two for the same.
// Somebody else who has written under the same id is found by what comes in under it.

import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';
import { WrittenHere, type WrittenRange } from '../crdt/written-here.js';

export interface ClientIdentityDeps {
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  /** This document and somebody else have written different content under this client id. Called once for each. */
  readonly conflict: (clientId: number) => void;
}

export class ClientIdentity {
  readonly #deps: ClientIdentityDeps;
  readonly #written: WrittenHere;
  readonly #onChange = (): void => this.look();
  readonly #conflicts = new Set<number>();
  /** The document's client id when it was last looked at. */
  #known: number;

  constructor(deps: ClientIdentityDeps) {
    this.#deps = deps;
    const { doc, awareness } = deps;
    this.#known = doc.clientID;
    this.#written = new WrittenHere(doc, (clientId) => this.foundTwice(clientId));
    doc.on('afterTransactionCleanup', this.#onChange);
    awareness.on('update', this.#onChange);
  }

  /** What this document has written. */
  get written(): readonly WrittenRange[] {
    return this.#written.ranges;
  }

  get hasConflict(): boolean {
    return this.#conflicts.size > 0;
  }

  /** Somebody else has written under this id too. */
  foundTwice(clientId: number): void {
    if (this.#conflicts.has(clientId)) return;
    this.#conflicts.add(clientId);
    this.#deps.conflict(clientId);
  }

  /** The document may have another client id. */
  look(): void {
    const { doc, awareness } = this.#deps;
    const before = this.#known;
    if (doc.clientID === before) return;
    this.#known = doc.clientID;
    // One that the application shows under an id of its own stays there.
    if (awareness.clientID !== before) return;
    const state = awareness.getLocalState();
    if (state !== null) awareness.setLocalState(null);
    // Whoever has the old id is heard at whatever clock.
    awareness.meta.delete(before);
    awareness.clientID = doc.clientID;
    if (state === null) return;
    // The others do not take the first state of an id that they do not know: it has clock 0.
    awareness.meta.set(doc.clientID, { clock: 0, lastUpdated: 0 });
    awareness.setLocalState(state);
  }

  destroy(): void {
    const { doc, awareness } = this.#deps;
    doc.off('afterTransactionCleanup', this.#onChange);
    awareness.off('update', this.#onChange);
    this.#written.destroy();
  }
}
