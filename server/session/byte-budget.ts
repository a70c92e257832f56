// So many bytes for one connection, however many documents it has open: whoever keeps something for it takes from here (O2).

export class ByteBudget {
  #maxBytes: number;
  #takenBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** From now on there are so many. What was taken stays taken. */
  allow(maxBytes: number): void {
    this.#maxBytes = maxBytes;
  }

  /** False, with nothing taken, when there are not so many left. */
  take(bytes: number): boolean {
    if (this.#takenBytes + bytes > this.#maxBytes) return false;
    this.#takenBytes += bytes;
    return true;
  }

  /** Gives back what was taken. */
  give(bytes: number): void {
    this.#takenBytes -= bytes;
  }
}
