// The numbers a client gave its updates on one document: which of them are settled, told as one number up to which all are.

export class Sequence {
  /** All up to this one are settled. */
  #settled = 0;
  /** Later ones that are. */
  readonly #ahead = new Set<number>();
  #last = 0;

  /** All up to this number are settled. */
  get settled(): number {
    return this.#settled;
  }

  /** Takes the number of an update that has come. False when it is not the next one. */
  take(seq: number): boolean {
    if (seq !== this.#last + 1) return false;
    this.#last = seq;
    return true;
  }

  /** These are durable, or were refused. Returns the number up to which all are, if that has moved. */
  settle(seqs: readonly number[]): number | undefined {
    const before = this.#settled;
    for (const seq of seqs) this.#ahead.add(seq);
    while (this.#ahead.delete(this.#settled + 1)) this.#settled++;
    return this.#settled > before ? this.#settled : undefined;
  }
}
