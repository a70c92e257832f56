// Where a client can resume.

/** Up to where a client has everything of a document: an offset, which means the same only within one epoch. */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
}
