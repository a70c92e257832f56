// An embedder's own answer to who may do what, made safe to act on.

import { SyncError } from '../../shared/errors.js';
import { accesses, type Access, type Claims } from '../../shared/permission.js';
import type { AuthorizeHook } from './authenticator.js';

/**
 * Asks the hook. A hook that throws refuses (FORBIDDEN); a SyncError of its own goes through as it is. An answer that is
 * no Access is a fault of the hook: INTERNAL, never a guess.
 */
export async function askHook(hook: AuthorizeHook, claims: Claims, documentName: string): Promise<Access> {
  let answer: unknown;
  try {
    answer = await hook(claims, documentName);
  } catch (error) {
    if (error instanceof SyncError) throw error;
    throw new SyncError('FORBIDDEN', '', { cause: error });
  }
  const access = accesses.find((one) => one === answer);
  if (access !== undefined) return access;
  const cause = new TypeError('authorize must return none, read, comment or write');
  throw new SyncError('INTERNAL', '', { cause });
}
