// The bytes of y-protocols' awareness updates: varUint n, then n times client id, clock, JSON text of the state.

import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { DeliveryError } from '../measurement.js';

export interface AwarenessEntry {
  readonly clientId: number;
  readonly clock: number;
  /** JSON text, 'null' for "gone". */
  readonly state: string;
}

export function writeAwareness(entries: readonly AwarenessEntry[]): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, entries.length);
  for (const { clientId, clock, state } of entries) {
    encoding.writeVarUint(encoder, clientId);
    encoding.writeVarUint(encoder, clock);
    encoding.writeVarString(encoder, state);
  }
  return encoding.toUint8Array(encoder);
}

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
