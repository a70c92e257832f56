// What `heddle import-from` reads: documents of another server, one after the other.

/** A document of a source, or why it could not be read. */
export type SourceDocument = {
  /** As it is called in the source. */
  readonly name: string;
} & (
  | { readonly kind: 'read'; readonly updates: readonly Uint8Array[] }
  | { readonly kind: 'failed'; readonly reason: string }
);

/** Documents are read as they are asked for. Throws ConfigError where the source as a whole cannot be read. */
export type Source = AsyncIterable<SourceDocument>;
