// The bytes of y-protocols' awareness updates: varUint n, then n times clientId, clock, JSON text of the state.

import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { SyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import { countJsonValues } from '../crdt/json-shape.js';

/** One client's entry. `state` is JSON text, 'null' for "gone". */
export interface AwarenessEntry {
  readonly clientId: number;
  readonly clock: number;
  readonly state: string;
}

/** What was read of a message. */
export interface Decoded {
  readonly entries: AwarenessEntry[];
  /** The message has more entries, which were not read. */
  readonly isCut: boolean;
}

/** Far above what {@link maxOwnClock} and answers to it can lead to, and far below where counting by ones stops. */
export const maxClock = 2 ** 40;

/** No client may begin with more: y-protocols counts by ones, so this is out of reach for honest clients. */
export const maxOwnClock = 2 ** 32 - 1;

/**
 * Most entries of a frame that the server makes. Stock clients repeat each frame they hear as one message, so this must
 * be less than a message of theirs may have.
 */
const maxFrameEntries = 1_000;
/** Most characters of all states in a frame that the server makes, unless one state alone is longer. */
const maxFrameCharacters = 32 * 1024;

const utf8 = new TextEncoder();

/**
 * Reads an awareness update to its last byte, or its first `maxEntries` entries. Does not look into states: stock clients
 * repeat what they hear, and most of that is dropped unread. Throws SyncError AWARENESS_INVALID.
 */
export function decodeAwareness(update: Uint8Array, maxEntries: number): Decoded {
  try {
    const decoder = decoding.createDecoder(update);
    const count = decoding.readVarUint(decoder);
    // Three bytes is the least an entry takes: a count beyond that is a lie, found out before it costs anything.
    if (count * 3 > update.length) throw invalid('fewer entries than it says');
    const isCut = count > maxEntries;
    const entries: AwarenessEntry[] = [];
    for (let left = isCut ? maxEntries : count; left > 0; left--) {
      const clientId = decoding.readVarUint(decoder);
      const clock = decoding.readVarUint(decoder);
      entries.push({ clientId, clock, state: decoding.readVarString(decoder) });
    }
    if (!isCut && decoding.hasContent(decoder)) throw invalid('bytes after the last entry');
    return { entries, isCut };
  } catch (error) {
    if (error instanceof SyncError) throw error;
    throw new SyncError('AWARENESS_INVALID', 'the update ends inside an entry', { cause: error });
  }
}

/** The entries in order, in as many updates as it takes for none to be large. */
export function encodeAwarenessFrames(entries: readonly AwarenessEntry[]): Uint8Array[] {
  const frames: Uint8Array[] = [];
  let from = 0;
  let characters = 0;
  for (const [at, { state }] of entries.entries()) {
    characters += state.length;
    if (at === from || (at - from < maxFrameEntries && characters <= maxFrameCharacters)) continue;
    frames.push(encodeAwareness(entries.slice(from, at)));
    from = at;
    characters = state.length;
  }
  if (from < entries.length) frames.push(encodeAwareness(from === 0 ? entries : entries.slice(from)));
  return frames;
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

/** Why a state is too large; undefined if it is not. */
export function faultOfSize(state: string, { maxAwarenessBytes: max }: Limits): SyncError | undefined {
  // A character is at most three bytes: most states are small enough to be known to fit.
  const isTooLarge = state.length * 3 > max && utf8.encode(state).length > max;
  return isTooLarge ? invalid(`a state has at most ${max} bytes`) : undefined;
}

/** Why a state is not null or a JSON object of bounded depth, whose fields clients can read; undefined if it is. */
export function faultOfJson(state: string, limits: Limits): SyncError | undefined {
  if (state === 'null') return undefined;
  // Before parsing: a state that parses but is too deep to be written again would break every later joiner.
  if (countJsonValues(state, limits.maxNesting) < 0) return invalid('a state is nested too deeply');
  let value: unknown;
  try {
    value = JSON.parse(state);
  } catch (error) {
    return new SyncError('AWARENESS_INVALID', 'a state is not JSON', { cause: error });
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? undefined : invalid('a state is an object or null');
}

function invalid(detail: string): SyncError {
  return new SyncError('AWARENESS_INVALID', detail);
}
