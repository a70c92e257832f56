// What was waited for will not come: this was closed, here and for good.

/** A provider, a connection or a document was let go of. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError';
  readonly code = 'CLOSED';
}
