// Who waits for a document to be the same on both sides, and whether the server has been asked for them.

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  isAsked: boolean;
}

export class SyncWaiters {
  #waiters: Waiter[] = [];
  #ended: Error | undefined;

  add(): Promise<void> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject, isAsked: false }));
  }

  /** Returns whether the server is to be asked: somebody waits, and no question is under way. All who wait count as asked for. */
  take(): boolean {
    if (this.#waiters.length === 0 || this.#waiters.some(({ isAsked }) => isAsked)) return false;
    for (const one of this.#waiters) one.isAsked = true;
    return true;
  }

  /** The server has answered. Returns whether it was asked. */
  answered(): boolean {
    const done = this.#waiters.filter(({ isAsked }) => isAsked);
    this.#waiters = this.#waiters.filter(({ isAsked }) => !isAsked);
    for (const { resolve } of done) resolve();
    return done.length > 0;
  }

  /** No answer will come. */
  lost(): void {
    for (const one of this.#waiters) one.isAsked = false;
  }

  reject(error: Error): void {
    for (const { reject } of this.#waiters.splice(0)) reject(error);
  }

  /** Whoever waits from now on is rejected at once. */
  end(error: Error): void {
    this.#ended = error;
    this.reject(error);
  }
}
