// The port to authentication: a token becomes claims, claims and a document become access.

import type { DocumentName } from '../../shared/document-name.js';
import type { SyncError } from '../../shared/errors.js';
import type { Access, Claims } from '../../shared/permission.js';

/**
 * What tokens are checked with. missing: nothing, so nobody is let in. old: keys that their issuer cannot be asked about now, so
 * that one that was withdrawn still counts.
 */
export type KeysState = 'at hand' | 'old' | 'missing';

/** Checks tokens and rights. Asked at every sync handshake (A1), so both answers are cached where they may be. */
export interface Authenticator {
  /**
   * Verifies a token: signature, algorithm, issuer, audience, times, revocation.
   * Throws SyncError TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED or TOKEN_REVOKED.
   */
  authenticate(token: string | undefined): Promise<Claims>;
  /** What the bearer of these claims may do with a document. Throws SyncError when it cannot be told. */
  authorize(claims: Claims, document: DocumentName): Access | Promise<Access>;
  /** Default: at hand. */
  readonly keys?: KeysState;
  /**
   * Why the token with these claims, which was believed, is not good any more, or not on this device. Known at once; undefined when it
   * is good. `deviceId`: where it is used, if that is known.
   */
  refusal?(claims: Claims, deviceId?: string): SyncError | undefined;
  /** Whether there is a newer token to be had: the client is to be asked for it. */
  isStale?(claims: Claims): boolean;
}

/** An embedder's replacement for the mapping of claims to access. */
export type AuthorizeHook = (claims: Claims, documentName: string) => Access | Promise<Access>;
