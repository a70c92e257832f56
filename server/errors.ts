// Faults on the operator's side: what start-up and the data directory can end in, what of that a peer is told, and what the command
// ends with.

import { SyncError } from '../shared/errors.js';

/** Something given to the command or to createServer is wrong. The message is one clear line. Exit code 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** The option of createServer that is wrong, where it is one. */
  readonly option: string | undefined;

  constructor(message?: string, options?: ErrorOptions & { readonly option?: string }) {
    super(message, options);
    this.option = options?.option;
  }
}

/** Why a store cannot do what was asked. */
export type StoreErrorCode =
  | 'STORE_LOCKED' // another process holds the directory
  | 'STORE_UNWRITABLE' // permissions, read-only file system
  | 'STORE_FULL' // no space left, file size limit
  | 'STORE_CORRUPT' // the database itself cannot be opened or has lost files
  | 'STORE_VERSION' // written by another format version
  | 'STORE_MISSING' // there is no store in this place
  | 'STORE_CLOSED' // used after close
  | 'STORE_CONFLICT' // an append or checkpoint that does not continue what is stored: two writers
  | 'STORE_IO' // anything else the disk said
  | 'STORE_AWAY' // the store cannot be reached for a moment, or its answer to a write is unknown
  | 'DOCUMENT_CORRUPT'; // records of one document fail their checksum or have a gap

/**
 * What a failed write concerns. document: that document alone, and the store goes on. again: nothing is known to be
 * wrong, and the same write may be tried again. fatal: the store writes nothing any more.
 */
export type FaultScope = 'document' | 'again' | 'fatal';

const scopes: Readonly<Record<StoreErrorCode, FaultScope>> = {
  STORE_LOCKED: 'fatal',
  STORE_UNWRITABLE: 'fatal',
  STORE_FULL: 'fatal',
  STORE_CORRUPT: 'fatal',
  STORE_VERSION: 'fatal',
  STORE_MISSING: 'fatal',
  STORE_CLOSED: 'fatal',
  STORE_CONFLICT: 'document',
  STORE_IO: 'fatal',
  STORE_AWAY: 'again',
  DOCUMENT_CORRUPT: 'document',
};

/** What a rejected write concerns. Whatever is not a StoreError is fatal: nobody knows what was written. */
export function scopeOf(thrown: unknown): FaultScope {
  const code = storeCodeOf(thrown);
  return code === undefined ? 'fatal' : scopes[code];
}

/** What a peer is told when the store cannot give or take its document: no detail of where or what. */
export function refusalOf(thrown: unknown): SyncError {
  const isCorrupt = storeCodeOf(thrown) === 'DOCUMENT_CORRUPT';
  return new SyncError(isCorrupt ? 'DOCUMENT_CORRUPT' : 'STORE_UNAVAILABLE', '', { cause: thrown });
}

/** By name, not by class: an adapter may come with its own copy of the class. */
function storeCodeOf(thrown: unknown): StoreErrorCode | undefined {
  if (!(thrown instanceof Error) || thrown.name !== 'StoreError' || !('code' in thrown)) return undefined;
  const { code } = thrown;
  return typeof code === 'string' && Object.hasOwn(scopes, code) ? (code as StoreErrorCode) : undefined;
}

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What the command ends with, as of sysexits.h where a script can act on it. */
export const exitCodes = {
  /** The command found what it looked for and it is bad, or something happened that should not. */
  failed: 1,
  /** A bad invocation, configuration or data directory. */
  usage: 2,
  /** A disk failed, or not everything could be written. */
  broken: 70,
  /** A disk is full: the same again may work later. */
  full: 75,
  /** Whoever read the output has gone: what a shell tells of a program that SIGPIPE has ended. */
  readerGone: 141,
} as const;

const exitCodesOfStore: Partial<Readonly<Record<StoreErrorCode, number>>> = {
  STORE_FULL: exitCodes.full,
  STORE_IO: exitCodes.broken,
};

/** The exit code for what a command has thrown. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return exitCodes.usage;
  if (error instanceof StoreError) return exitCodesOfStore[error.code] ?? exitCodes.usage;
  return exitCodes.failed;
}
