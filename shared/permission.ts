// Who may do what with a document.

/** What a user may do with one document, from the weakest to the strongest. */
export const accesses = ['none', 'read', 'comment', 'write'] as const;

/**
 * What a user may do with one document, each with what is before it. comment: write under the root types that the server names
 * as comment roots, and nowhere else.
 */
export type Access = (typeof accesses)[number];

/** Whether the user may write anything at all. */
export function maySend(access: Access | undefined): boolean {
  return access === 'write' || access === 'comment';
}

/** Longest token that a server looks at, in characters (a token is ASCII). */
export const maxTokenBytes = 8 * 1024;

/** One line of a token's `docs` claim: `*` matches within a path segment, `**` across segments. */
export interface DocumentGrant {
  readonly pattern: string;
  readonly access: Exclude<Access, 'none'>;
}

/** What a verified token says. Times in seconds since the epoch, as in RFC 7519. */
export interface Claims {
  /** Who. Undefined only where no token is asked for (`--auth none`). */
  readonly sub?: string | undefined;
  readonly exp?: number | undefined;
  readonly iat?: number | undefined;
  readonly jti?: string | undefined;
  /** The device or session of the user. */
  readonly sid?: string | undefined;
  /** A name to show to others. */
  readonly name?: string | undefined;
  readonly docs?: readonly DocumentGrant[] | undefined;
  /** The whole payload, for an embedder's own `authorize`. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Whether the token says of its bearer that it is an operator, by the claim with this name. */
export function isAdmin({ payload }: Claims, adminClaim: string): boolean {
  return Object.hasOwn(payload, adminClaim) && payload[adminClaim] === true;
}
