// What the end of a connection means: by the name of its error, or by its close code where the name is not known.

import { errorCodeOf, errorTable, retryOf } from '../../shared/errors.js';
import type { ConnectionReason } from './attached.js';

/** The name in a close frame: in front of its reason, or the first with that code. '' where there is none. */
export function errorNameOf(closeCode: number, reason: string): string {
  const [named = ''] = reason.split(':');
  const found = Object.entries(errorTable).find(([, { close }]) => close === closeCode);
  // A proxy, or a browser, closes with words of its own.
  return /^[A-Z_]+$/.test(named) ? named : (found?.[0] ?? '');
}

/** `name` is empty where the connection ended without one. */
export function connectionReason(name: string, message: string, close?: number): ConnectionReason {
  const code = errorCodeOf(name);
  const closeCode = close ?? (code === undefined ? 1006 : errorTable[code].close);
  return { code, message, closeCode, retry: retryOf(name, closeCode) };
}

/**
 * What is said where a frame of the server cannot be read. Before the welcome it is the greeting that a stock client gets: the
 * server has taken the path for the name of a document.
 */
export function whyUnread({ message }: Error, isWelcomed: boolean): string {
  return isWelcomed ? message : "the answer is not in Heddle's own protocol (see --base-path)";
}
