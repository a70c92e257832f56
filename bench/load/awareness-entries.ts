// Reads y-protocols' awareness updates as clients do: without the limits of our server, which others need not keep.

import * as decoding from 'lib0/decoding';
import type { AwarenessEntry } from '../../server/room/awareness-codec.js';
import { DeliveryError } from '../measurement.js';

/** How many entries there are. */
export function countAwareness(update: Uint8Array): number {
  return update.length === 0 ? 0 : decoding.readVarUint(decoding.createDecoder(update));
}

/** Throws DeliveryError when it is malformed. */
export function readAwareness(update: Uint8Array): AwarenessEntry[] {
  const decoder = decoding.createDecoder(update);
  const entries: AwarenessEntry[] = [];
  try {
    for (let left = decoding.readVarUint(decoder); left > 0; left--) {
      const clientId = decoding.readVarUint(decoder);
      const clock = decoding.readVarUint(decoder);
      entries.push({ clientId, clock, state: decoding.readVarString(decoder) });
    }
  } catch (error) {
    throw new DeliveryError('the server sent a malformed awareness update', { cause: error });
  }
  return entries;
}
