// Who waits for a number to be reached: an offset to be durable, a batch to be written.

interface Wait {
  readonly at: number;
  resolve(): void;
  reject(error: Error): void;
}

/** Numbers are waited for in rising order. */
export class Milestones {
  #waits: Wait[] = [];
  #failure: Error | undefined;

  get isAwaited(): boolean {
    return this.#waits.length > 0;
  }

  /** Resolves once the number is reached. Rejects with the error of `fail`, at once where that was before. */
  wait(at: number): Promise<void> {
    const failure = this.#failure;
    if (failure !== undefined) return Promise.reject(failure);
    return new Promise((resolve, reject) => {
      this.#waits.push({ at, resolve, reject });
    });
  }

  /** Everything up to this number is reached. */
  reached(upTo: number): void {
    let count = 0;
    while (count < this.#waits.length && (this.#waits[count]?.at ?? Infinity) <= upTo) count++;
    if (count === 0) return;
    for (const wait of this.#waits.splice(0, count)) wait.resolve();
  }

  /** Nothing more is reached. */
  fail(error: Error): void {
    this.#failure ??= error;
    for (const wait of this.#waits.splice(0)) wait.reject(this.#failure);
  }
}
