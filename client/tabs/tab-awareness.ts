// Awareness among the tabs of one browser: every tab speaks for its own state, and for nobody else's.

import * as decoding from 'lib0/decoding';
import { applyAwarenessUpdate, encodeAwarenessUpdate, type Awareness } from 'y-protocols/awareness';

/** Ids that one tab may speak for: its own, and those it had before. */
const maxIds = 16;

/** This tab's own state as an update; undefined when it has none to show. */
export function ownState(awareness: Awareness): Uint8Array | undefined {
  if (awareness.getLocalState() === null) return undefined;
  return encodeAwarenessUpdate(awareness, [awareness.clientID]);
}

/** Counts the own state on: who has forgotten it takes only what is newer than what it remembers. */
export function refreshOwnState(awareness: Awareness): void {
  const state = awareness.getLocalState();
  if (state !== null) awareness.setLocalState(state);
}

/**
 * Takes a sibling's states, and notes in `ids` which ids it speaks for. Nobody else speaks for this tab. Throws what is no
 * awareness update.
 */
export function applySiblingState(
  awareness: Awareness,
  update: Uint8Array,
  ids: Set<number>,
  origin: unknown,
): void {
  const decoder = decoding.createDecoder(update);
  for (let left = decoding.readVarUint(decoder); left > 0; left--) {
    const id = decoding.readVarUint(decoder);
    decoding.readVarUint(decoder);
    const isGone = JSON.parse(decoding.readVarString(decoder)) === null;
    if (id === awareness.clientID) return;
    if (isGone) ids.delete(id);
    else ids.add(id);
    if (ids.size > maxIds) throw new RangeError(`a tab speaks for more than ${maxIds} awareness ids`);
  }
  applyAwarenessUpdate(awareness, update, origin);
}
