// Where a client can resume.

/** Up to where a client has everything of a document: an offset, which means the same only within one epoch. */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
  /**
   * The client also has what it heard beyond that in this run of the server (`run` of `welcome`), and it is not known whether
   * that is durable. Undefined for nothing.
   */
  readonly heardIn?: string;
}
