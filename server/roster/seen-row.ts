// What the store keeps of a user who was in a place, as JSON, and under which keys.

import { createHash } from 'node:crypto';
import type { ShownClaims } from './shown-claims.js';
import type { Place } from './stay.js';

/** Times: ms since the epoch. */
export interface SeenRow {
  readonly user: string;
  readonly claims: ShownClaims;
  /** 0 for not known. */
  readonly lastActive: number;
  /** When the user was last here, or was known to be here. */
  readonly at: number;
  /** The run of the server in which the user was here when this was written; 0: the user was gone. */
  readonly run: number;
}

const prefix = 'seen/';
/** When the runs of the server were last known to go on. */
export const runsKey = 'seen-runs';
/** So many runs are remembered. */
const maxRuns = 200;

/** All rows of all places. */
export const allRows = prefix;

/** No name of a document holds a line break. */
export function rowsOf(place: Place): string {
  return `${prefix}${place}\n`;
}

/** Of bounded length, whatever the user is called. */
export function rowKey(place: Place, user: string): string {
  return rowsOf(place) + createHash('sha256').update(user).digest('base64url').slice(0, 22);
}

/** The part of a key that is the same for all rows of a place; undefined for what is no key of a row. */
export function placeOfKey(key: string): Place | undefined {
  const end = key.lastIndexOf('\n');
  return key.startsWith(prefix) && end >= prefix.length
    ? (key.slice(prefix.length, end) as Place)
    : undefined;
}

interface Stored {
  readonly u: string;
  readonly c: ShownClaims;
  readonly a: number;
  readonly t: number;
  readonly r: number;
}

export function encodeRow({ user, claims, lastActive, at, run }: SeenRow): Uint8Array {
  const stored: Stored = { u: user, c: claims, a: lastActive, t: at, r: run };
  return Buffer.from(JSON.stringify(stored));
}

/** Undefined for what is damaged. */
export function decodeRow(bytes: Uint8Array): SeenRow | undefined {
  try {
    const { u: user, c: claims, a: lastActive, t: at, r: run } = JSON.parse(text(bytes)) as Stored;
    const isSound =
      typeof user === 'string' && typeof claims === 'object' && [lastActive, at, run].every(Number.isFinite);
    return isSound ? { user, claims, lastActive, at, run } : undefined;
  } catch {
    return undefined;
  }
}

/** The runs of the server in which somebody was here: when each was last known to go on, by its number. */
export type Runs = ReadonlyMap<number, number>;

export function encodeRuns(runs: Runs): Uint8Array {
  return Buffer.from(JSON.stringify([...runs].slice(-maxRuns)));
}

/** Nothing for what is damaged: then users who were here when a server was killed were last seen when they came. */
export function decodeRuns(bytes: Uint8Array | undefined): Map<number, number> {
  try {
    return new Map(bytes === undefined ? [] : (JSON.parse(text(bytes)) as [number, number][]));
  } catch {
    return new Map();
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}
