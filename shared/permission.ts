// Who may do what with a document.

/** What a user may do with one document. `write` includes `read`. */
export type Access = 'none' | 'read' | 'write';

/** One line of a token's `docs` claim: `*` matches within a path segment, `**` across segments. */
export interface DocumentGrant {
  readonly pattern: string;
  readonly access: 'read' | 'write';
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
