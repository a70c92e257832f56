// Changes that a client asks the server to make in a Yjs document, now or when its session ends: what they are, and their bytes.

import { SyncError } from './errors.js';

/** The name of a root type, then keys of maps and places in arrays. */
export type OperationPath = readonly (string | number)[];

/** What JSON can hold. Somewhere in it there may be `serverTimestamp()`. */
export type OperationValue =
  null | boolean | number | string | readonly OperationValue[] | { readonly [key: string]: OperationValue };

/**
 * set: puts a value at a path. update: puts several values into the map at a path. remove: takes away what is at a path. Maps that are
 * missing on the way are made by `set` and `update`; where an array is missing, or what is on the way is neither, nothing is
 * changed.
 */
export type Operation =
  | { readonly do: 'set'; readonly path: OperationPath; readonly value: OperationValue }
  | {
      readonly do: 'update';
      readonly path: OperationPath;
      readonly values: { readonly [key: string]: OperationValue };
    }
  | { readonly do: 'remove'; readonly path: OperationPath };

/** cancel: forgets the operations that wait at the path and below it. */
export type OperationRequest = Operation | { readonly do: 'cancel'; readonly path: OperationPath };

const timestampKey = '.sv';
const timestampName = 'timestamp';
/** Names and keys in a path, and levels of a value. */
const maxDepth = 100;
/** Bytes of UTF-8, as of any key of a document. */
const maxKeyBytes = 1_024;

/** Stands in a value for the time at which the server makes the change, ms since the epoch by its clock. */
export function serverTimestamp(): OperationValue {
  return { [timestampKey]: timestampName };
}

/** The value with the time in place of each `serverTimestamp()`. */
export function withTime(value: OperationValue, now: number): OperationValue {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((one: OperationValue) => withTime(one, now));
  const entries = Object.entries(value as { [key: string]: OperationValue });
  const [first] = entries;
  if (entries.length === 1 && first?.[0] === timestampKey && first[1] === timestampName) return now;
  return Object.fromEntries(entries.map(([key, one]) => [key, withTime(one, now)]));
}

export function encodeOperation(request: OperationRequest): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(request));
}

/** Throws SyncError UPDATE_INVALID, in words for whoever asked. */
export function decodeOperation(bytes: Uint8Array): OperationRequest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw invalid('is no JSON');
  }
  return checkOperation(parsed);
}

/** The same for what is given in the program. */
export function checkOperation(given: unknown): OperationRequest {
  if (!isRecord(given)) throw invalid('is no object');
  const path = checkPath(given['path']);
  switch (given['do']) {
    case 'set':
      if (path.length < 2) throw invalid('sets a root type itself: its path needs a key too');
      return { do: 'set', path, value: checkValue(given['value']) };
    case 'update':
      return { do: 'update', path, values: checkValues(given['values']) };
    case 'remove':
      if (path.length < 2) throw invalid('removes a root type itself: its path needs a key too');
      return { do: 'remove', path };
    case 'cancel':
      return { do: 'cancel', path };
    default:
      throw invalid('is none of set, update, remove and cancel');
  }
}

function checkPath(path: unknown): OperationPath {
  if (!Array.isArray(path) || path.length === 0 || path.length > maxDepth)
    throw invalid(`needs a path of 1 to ${maxDepth} parts`);
  for (const [at, part] of (path as unknown[]).entries()) {
    if (typeof part === 'string' && isKey(part)) continue;
    if (at > 0 && typeof part === 'number' && Number.isSafeInteger(part) && part >= 0) continue;
    throw invalid('has a path with something else than keys, and places from 0 on');
  }
  return path as OperationPath;
}

function checkValues(values: unknown): { [key: string]: OperationValue } {
  if (!isRecord(values)) throw invalid('needs an object of values');
  for (const [key, value] of Object.entries(values)) {
    if (!isKey(key)) throw invalid(`has a key of more than ${maxKeyBytes} bytes`);
    checkValue(value);
  }
  return values as { [key: string]: OperationValue };
}

function checkValue(value: unknown, depth = 0): OperationValue {
  if (depth > maxDepth) throw invalid(`has a value of more than ${maxDepth} levels`);
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value)) for (const one of value as unknown[]) checkValue(one, depth + 1);
  else if (isRecord(value)) for (const one of Object.values(value)) checkValue(one, depth + 1);
  else throw invalid('has a value that JSON cannot hold');
  return value as OperationValue;
}

/** An object of its own fields alone. */
function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isKey(key: string): boolean {
  return key.length <= maxKeyBytes && new TextEncoder().encode(key).length <= maxKeyBytes;
}

function invalid(what: string): SyncError {
  return new SyncError('UPDATE_INVALID', `the operation ${what}`);
}
