// What the command ends with, as of sysexits.h where a script can act on it.

import { ConfigError, StoreError, type StoreErrorCode } from '../errors.js';

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

const ofStore: Partial<Readonly<Record<StoreErrorCode, number>>> = {
  STORE_FULL: exitCodes.full,
  STORE_IO: exitCodes.broken,
};

/** The exit code for what a command has thrown. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return exitCodes.usage;
  if (error instanceof StoreError) return ofStore[error.code] ?? exitCodes.usage;
  return exitCodes.failed;
}
