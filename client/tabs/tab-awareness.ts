// Awareness among the tabs of one browser: every tab speaks for its own state, and for nobody else's.

import * as decoding from 'lib0/decoding';
import {
  applyAwarenessUpdate,
  encodeAwarenessUpdate,
  removeAwarenessStates,
  type Awareness,
} from 'y-protocols/awareness';
import type { Sibling, Siblings } from './siblings.js';

/** Ids that one tab may speak for: its own, and those it had before. */
const maxIds = 16;

type Changes = Record<'added' | 'updated' | 'removed', number[]>;

export interface TabAwarenessDeps {
  readonly awareness: Awareness;
  readonly siblings: Siblings;
  /** The tab's own state has changed. */
  readonly say: (update: Uint8Array) => void;
  /** The origin of changes that siblings tell. */
  readonly origin: unknown;
}

export class TabAwareness {
  readonly #deps: TabAwarenessDeps;
  readonly #onUpdate: (changes: Changes, origin: unknown) => void;

  constructor(deps: TabAwarenessDeps) {
    this.#deps = deps;
    const { awareness } = deps;
    this.#onUpdate = ({ added, updated, removed }, origin) => {
      const { clientID } = awareness;
      if (origin === deps.origin || ![added, updated, removed].some((ids) => ids.includes(clientID))) return;
      deps.say(encodeAwarenessUpdate(awareness, [clientID]));
    };
    awareness.on('update', this.#onUpdate);
  }

  /** Awareness ids that siblings speak for. */
  get ids(): ReadonlySet<number> {
    return new Set([...this.#deps.siblings].flatMap(({ awarenessIds }) => [...awarenessIds]));
  }

  /** This tab's own state as an update; undefined when it has none to show. */
  get own(): Uint8Array | undefined {
    const { awareness } = this.#deps;
    if (awareness.getLocalState() === null) return undefined;
    return encodeAwarenessUpdate(awareness, [awareness.clientID]);
  }

  /** Counts the own state on: who has forgotten it takes only what is newer than what it remembers. */
  refresh(): void {
    const { awareness } = this.#deps;
    const state = awareness.getLocalState();
    if (state !== null) awareness.setLocalState(state);
  }

  /** Takes what a sibling says of its states. Throws what is no awareness update. */
  take(sibling: Sibling, update: Uint8Array | undefined): void {
    const { awareness, origin } = this.#deps;
    if (update !== undefined && this.#maySay(sibling, update))
      applyAwarenessUpdate(awareness, update, origin);
  }

  /** Of the siblings that are still there, none speaks for what this one did. */
  forget({ awarenessIds }: Sibling): void {
    const { awareness, origin } = this.#deps;
    const spoken = this.ids;
    const ids = [...awarenessIds].filter((id) => !spoken.has(id));
    removeAwarenessStates(awareness, ids, origin);
  }

  /** This tab has left, and a sibling counts on without it: what that shows is to be taken at whatever clock. */
  left(sibling: Sibling): void {
    this.forget(sibling);
    for (const id of sibling.awarenessIds) this.#deps.awareness.meta.delete(id);
  }

  destroy(): void {
    this.#deps.awareness.off('update', this.#onUpdate);
  }

  /** Notes which ids it speaks for. Nobody speaks for this tab, or says that an id is gone that another sibling speaks for. */
  #maySay(sibling: Sibling, update: Uint8Array): boolean {
    const { awareness } = this.#deps;
    const ids = sibling.awarenessIds;
    const decoder = decoding.createDecoder(update);
    for (let left = decoding.readVarUint(decoder); left > 0; left--) {
      const id = decoding.readVarUint(decoder);
      decoding.readVarUint(decoder);
      const isGone = JSON.parse(decoding.readVarString(decoder)) === null;
      if (id === awareness.clientID) return false;
      if (isGone) ids.delete(id);
      else ids.add(id);
      if (isGone && this.ids.has(id)) return false;
      if (ids.size > maxIds) throw new RangeError(`a tab speaks for more than ${maxIds} awareness ids`);
    }
    return true;
  }
}
