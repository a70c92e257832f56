// Awareness of one document over its connection: says what this client's own state is, hears of the others', and forgets
// them when the connection is gone.

import { applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness';
import type { Awareness } from 'y-protocols/awareness';
import type { DocumentSync } from './document-sync.js';

interface AwarenessChange {
  readonly added: readonly number[];
  readonly updated: readonly number[];
  readonly removed: readonly number[];
}

export class Presence {
  readonly #awareness: Awareness;
  readonly #sync: DocumentSync;
  readonly #isNear: (clientId: number) => boolean;
  readonly #undo: () => void;

  /** `isNear` tells the ids of tabs beside this one, which are here without the server. */
  constructor(deps: { awareness: Awareness; sync: DocumentSync; isNear: (clientId: number) => boolean }) {
    const { awareness, sync } = deps;
    this.#awareness = awareness;
    this.#sync = sync;
    this.#isNear = deps.isNear;
    const onChange = (change: AwarenessChange): void => this.#changed(change);
    const onHeard = (update: Uint8Array): void => applyAwarenessUpdate(awareness, update, this);
    const onPhase = (phase: string): void => this.#phase(phase);
    awareness.on('update', onChange);
    sync.on('awareness', onHeard);
    sync.on('phase', onPhase);
    this.#undo = () => {
      awareness.off('update', onChange);
      sync.off('awareness', onHeard);
      sync.off('phase', onPhase);
    };
  }

  destroy(): void {
    this.#undo();
    this.#forget();
  }

  /** Each client speaks for itself alone: what the others are is for their own connections to say. */
  #changed({ added, updated, removed }: AwarenessChange): void {
    const { clientID } = this.#awareness;
    if ([added, updated, removed].some((ids) => ids.includes(clientID))) this.#announce();
  }

  #announce(): void {
    const awareness = this.#awareness;
    if (awareness.meta.has(awareness.clientID))
      this.#sync.announce(encodeAwarenessUpdate(awareness, [awareness.clientID]));
  }

  #phase(phase: string): void {
    if (phase === 'closed' || phase === 'blocked') return this.#forget();
    if (phase !== 'syncing') return;
    // The others dropped us at this very clock when we left, and ignore us until we say something newer.
    const state = this.#awareness.getLocalState();
    if (state !== null) this.#awareness.setLocalState(state);
  }

  /** Their clocks too: when they come back they may be at the same, and would be taken for old news. */
  #forget(): void {
    const { states, meta, clientID } = this.#awareness;
    const far = [...meta.keys()].filter((id) => id !== clientID && !this.#isNear(id));
    removeAwarenessStates(
      this.#awareness,
      far.filter((id) => states.has(id)),
      this,
    );
    for (const id of far) meta.delete(id);
  }
}
