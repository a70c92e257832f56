// What the file system and LevelDB say, as StoreErrors an operator can act on. LevelDB reports most faults only as text,
// so this is the one place that looks into messages.

import { StoreError } from '../errors.js';
import type { StoreErrorCode } from '../errors.js';

const codesOfErrno: Readonly<Record<string, StoreErrorCode>> = {
  EACCES: 'STORE_UNWRITABLE',
  EPERM: 'STORE_UNWRITABLE',
  EROFS: 'STORE_UNWRITABLE',
  ENOTDIR: 'STORE_UNWRITABLE',
  EEXIST: 'STORE_UNWRITABLE',
  ENOENT: 'STORE_UNWRITABLE',
  ENOSPC: 'STORE_FULL',
  EDQUOT: 'STORE_FULL',
  EFBIG: 'STORE_FULL',
};

const codesOfText: readonly (readonly [RegExp, StoreErrorCode])[] = [
  [/no space left|file too large|disk quota exceeded/i, 'STORE_FULL'],
  [/permission denied|read-only file system|operation not permitted/i, 'STORE_UNWRITABLE'],
  [
    /corruption|does not exist \(create_if_missing|missing files|bad block|truncated block|checksum/i,
    'STORE_CORRUPT',
  ],
];

const codesOfLevel: Readonly<Record<string, StoreErrorCode>> = {
  LEVEL_LOCKED: 'STORE_LOCKED',
  LEVEL_CORRUPTION: 'STORE_CORRUPT',
};

const advice: Readonly<Record<StoreErrorCode, string>> = {
  STORE_LOCKED: 'is in use by another process: stop that one, or give this one its own directory',
  STORE_UNWRITABLE: 'cannot be written: give this user write access, or choose another directory',
  STORE_FULL: 'is out of space: free some and start again',
  STORE_CORRUPT: 'is damaged and was left as it is: put back the missing files, or restore a backup',
  STORE_VERSION: 'was written by another version: use that version, or restore a backup',
  STORE_MISSING: 'does not hold a store',
  STORE_CLOSED: 'is closed',
  STORE_CONFLICT: 'has been written by somebody else meanwhile',
  STORE_AWAY: 'cannot be reached for a moment',
  STORE_IO: 'could not be read or written: check the disk and start again',
  DOCUMENT_CORRUPT: 'holds a damaged document',
};

/** Any fault met on the way to or from the disk, as a StoreError that names the directory and says what to do. */
export function toStoreError(thrown: unknown, directory: string): StoreError {
  if (thrown instanceof StoreError) return thrown;
  const code = classify(thrown);
  return new StoreError(code, `data directory ${directory} ${advice[code]} (${oneLine(rootOf(thrown))})`, {
    cause: thrown,
  });
}

const targetAdvice: Partial<Readonly<Record<StoreErrorCode, string>>> = {
  STORE_FULL: 'its disk is full: free some space, or write elsewhere',
  STORE_UNWRITABLE: 'check that its folder is there and that this user may write to it',
};

/** A fault met while something was written elsewhere than in the data directory. The message names what was written to. */
export function toTargetError(thrown: unknown, target: string): StoreError {
  if (thrown instanceof StoreError) return thrown;
  const code = classify(thrown);
  const what = targetAdvice[code] ?? 'check the disk';
  return new StoreError(code, `${target} cannot be written: ${what} (${oneLine(rootOf(thrown))})`, {
    cause: thrown,
  });
}

function classify(thrown: unknown): StoreErrorCode {
  for (const error of chainOf(thrown)) {
    const code = codeOf(error);
    const known = codesOfErrno[code] ?? codesOfLevel[code];
    if (known) return known;
    const text = codesOfText.find(([pattern]) => pattern.test(messageOf(error)));
    if (text) return text[1];
  }
  return 'STORE_IO';
}

/** From the deepest cause outwards: the outer ones only say that something failed. */
function chainOf(thrown: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let error = thrown; error !== undefined && chain.length < 8;) {
    chain.unshift(error);
    error = error instanceof Error ? error.cause : undefined;
  }
  return chain;
}

function rootOf(thrown: unknown): string {
  return messageOf(chainOf(thrown)[0]);
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 300);
}
