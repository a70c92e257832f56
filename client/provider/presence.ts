// Awareness of one document over its connection: says what this client's own state is, hears of the others', and forgets
// them when the connection is gone. What changes within a turn is said once, as it is at its end.

import { applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness';
import type { Awareness } from 'y-protocols/awareness';
import type { DocumentReason } from './document-reason.js';
import type { DocumentSync } from './document-sync.js';

interface AwarenessChange {
  readonly added: readonly number[];
  readonly updated: readonly number[];
  readonly removed: readonly number[];
}

export interface PresenceDeps {
  readonly awareness: Awareness;
  readonly sync: DocumentSync;
  /** Tells the ids of tabs beside this one, which are here without the server. */
  readonly isNear: (clientId: number) => boolean;
  /** The longest state that the server takes, as JSON, bytes. */
  readonly maxBytes: () => number;
  /** This client's own state is none that the server takes, and is not sent. Told once for each. */
  readonly refused: (reason: DocumentReason) => void;
}

export class Presence {
  readonly #awareness: Awareness;
  readonly #sync: DocumentSync;
  readonly #isNear: PresenceDeps['isNear'];
  readonly #maxBytes: PresenceDeps['maxBytes'];
  readonly #refused: PresenceDeps['refused'];
  readonly #undo: () => void;
  /** What is to be said at the end of the turn, by client id: this client may have had several in it. */
  readonly #unsaid = new Map<number, Uint8Array>();
  /** The state that the application was last told of that it cannot be sent. */
  #toldOf: unknown;
  #isDestroyed = false;

  constructor(deps: PresenceDeps) {
    const { awareness, sync } = deps;
    this.#awareness = awareness;
    this.#sync = sync;
    this.#isNear = deps.isNear;
    this.#maxBytes = deps.maxBytes;
    this.#refused = deps.refused;
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
    this.#isDestroyed = true;
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
    const { clientID } = awareness;
    if (!awareness.meta.has(clientID)) return;
    const state: unknown = awareness.getLocalState();
    const fault = faultOf(state, this.#maxBytes());
    if (fault !== undefined) return this.#tell(state, fault);
    if (this.#unsaid.size === 0) queueMicrotask(() => this.#flush());
    this.#unsaid.set(clientID, encodeAwarenessUpdate(awareness, [clientID]));
  }

  #flush(): void {
    const updates = [...this.#unsaid.values()];
    this.#unsaid.clear();
    if (this.#isDestroyed) return;
    for (const update of updates) this.#sync.announce(update);
  }

  /** Awareness says the same state again and again. */
  #tell(state: unknown, message: string): void {
    if (state === this.#toldOf) return;
    this.#toldOf = state;
    this.#refused({ code: 'AWARENESS_INVALID', message, retry: 'never' });
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

/** Why the server would not take the state, in words; undefined when it would. */
function faultOf(state: unknown, maxBytes: number): string | undefined {
  if (typeof state !== 'object' || Array.isArray(state)) return 'an awareness state is an object, or null';
  let json: string;
  try {
    json = JSON.stringify(state);
  } catch (error) {
    return `the awareness state is no JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  const bytes = new TextEncoder().encode(json).length;
  if (bytes > maxBytes) return `the awareness state has ${bytes} bytes, and the server takes ${maxBytes}`;
  return undefined;
}
