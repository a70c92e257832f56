// Awareness of one document over its connection: says what this client's own state is, hears of the others', and forgets
// them when the connection is gone. What changes within a turn is said once, as it is at its end.

import { applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness';
import type { Awareness } from 'y-protocols/awareness';
import { reasonOf, type DocumentReason } from './document-reason.js';
import type { ChannelState } from './channel-state.js';
import type { DocumentChannel } from './document-channel.js';

interface AwarenessChange {
  readonly added: readonly number[];
  readonly updated: readonly number[];
  readonly removed: readonly number[];
}

export interface PresenceDeps {
  readonly awareness: Awareness;
  readonly channel: DocumentChannel;
  /** Tells the ids of tabs beside this one, which are here without the server. */
  readonly isNear: (clientId: number) => boolean;
  /** The longest state that the server takes, as JSON, bytes. */
  readonly maxBytes: () => number;
  /** The server does not take this client's own state. One that it would not take is not sent, and told once. */
  readonly refused: (reason: DocumentReason) => void;
}

export class Presence {
  readonly #awareness: Awareness;
  readonly #channel: DocumentChannel;
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
    const { awareness, channel } = deps;
    this.#awareness = awareness;
    this.#channel = channel;
    this.#isNear = deps.isNear;
    this.#maxBytes = deps.maxBytes;
    this.#refused = deps.refused;
    const onChange = (change: AwarenessChange): void => this.#changed(change);
    awareness.on('update', onChange);
    const undo = [
      channel.listen('awareness', ({ update }) => applyAwarenessUpdate(awareness, update, this)),
      channel.listen('state', (state) => this.#stateChanged(state)),
      channel.listen('refused', (fault) => {
        if (fault.seq === 0) deps.refused(reasonOf(fault));
      }),
    ];
    this.#undo = () => {
      awareness.off('update', onChange);
      for (const one of undo) one();
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
    for (const update of updates) this.#channel.say({ type: 'awareness', update });
  }

  /** Awareness says the same state again and again. */
  #tell(state: unknown, message: string): void {
    if (state === this.#toldOf) return;
    this.#toldOf = state;
    this.#refused({ code: 'AWARENESS_INVALID', message, retry: 'never' });
  }

  #stateChanged(channel: ChannelState): void {
    if (channel === 'closed' || channel === 'blocked') return this.#forget();
    if (channel !== 'open') return;
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
