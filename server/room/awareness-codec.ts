// The bytes of y-protocols' awareness updates: varUint n, then n times clientId, clock, JSON text of the state.

import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { SyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';

/** One client's entry. `state` is JSON text, 'null' for "gone". */
export interface AwarenessEntry {
  readonly clientId: number;
  readonly clock: number;
  readonly state: string;
}

/** Far above what {@link maxOwnClock} and answers to it can lead to, and far below where counting by ones stops. */
const maxClock = 2 ** 40;

/** No client may begin with more: y-protocols counts by ones, so this is out of reach for honest clients. */
export const maxOwnClock = 2 ** 32 - 1;

const utf8 = new TextEncoder();

/**
 * Reads an awareness update to its last byte. States are checked lazily, by {@link checkState}: stock clients repeat
 * what they hear, and most of that is dropped unread. Throws SyncError AWARENESS_INVALID.
 */
export function decodeAwareness(update: Uint8Array, limits: Limits): AwarenessEntry[] {
  try {
    const decoder = decoding.createDecoder(update);
    const count = decoding.readVarUint(decoder);
    // Three bytes is the least an entry takes: a count beyond that is a lie, found out before it costs anything.
    if (count > limits.maxAwarenessEntries || count * 3 > update.length) throw invalid('too many entries');
    const entries: AwarenessEntry[] = [];
    for (let i = 0; i < count; i++) {
      const clientId = decoding.readVarUint(decoder);
      const clock = decoding.readVarUint(decoder);
      if (clock > maxClock) throw invalid('clock out of range');
      entries.push({ clientId, clock, state: decoding.readVarString(decoder) });
    }
    if (decoding.hasContent(decoder)) throw invalid('bytes after the last entry');
    return entries;
  } catch (error) {
    if (error instanceof SyncError) throw error;
    throw new SyncError('AWARENESS_INVALID', 'the update ends inside an entry', { cause: error });
  }
}

export function encodeAwareness(entries: readonly AwarenessEntry[]): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, entries.length);
  for (const { clientId, clock, state } of entries) {
    encoding.writeVarUint(encoder, clientId);
    encoding.writeVarUint(encoder, clock);
    encoding.writeVarString(encoder, state);
  }
  return encoding.toUint8Array(encoder);
}

/** A state is null or a JSON object of bounded size and depth: what peers will parse and read fields of. */
export function checkState(state: string, limits: Limits): void {
  const max = limits.maxAwarenessBytes;
  // A character is at most three bytes: most states are small enough to be known to fit.
  if (state.length * 3 > max && utf8.encode(state).length > max) throw invalid('a state is too large');
  // Before parsing: a state that parses but is too deep to be written again would break every later joiner.
  if (exceedsDepth(state, limits.maxNesting)) throw invalid('a state is nested too deeply');
  let value: unknown;
  try {
    value = JSON.parse(state);
  } catch (error) {
    throw new SyncError('AWARENESS_INVALID', 'a state is not JSON', { cause: error });
  }
  const isRemoval = state === 'null';
  if (!isRemoval && (typeof value !== 'object' || value === null || Array.isArray(value))) {
    throw invalid('a state is an object or null');
  }
}

function exceedsDepth(json: string, max: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < json.length; i++) {
    const char = json.charCodeAt(i);
    if (inString) {
      if (char === 0x5c) i++;
      else if (char === 0x22) inString = false;
    } else if (char === 0x22) inString = true;
    else if (char === 0x7b || char === 0x5b) {
      if (++depth > max) return true;
    } else if (char === 0x7d || char === 0x5d) depth--;
  }
  return false;
}

function invalid(detail: string): SyncError {
  return new SyncError('AWARENESS_INVALID', detail);
}
