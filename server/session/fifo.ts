// A queue. Taking from an array's front moves all that is behind, which a queue of many thousands would pay for each.

/** From so many taken items on their places are given back, once they are half of all. */
const leastTaken = 64;

export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #taken = 0;

  get size(): number {
    return this.#items.length - this.#taken;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** The item that came first, or undefined. */
  take(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#taken];
    this.#items[this.#taken++] = undefined;
    if (this.size === 0) this.clear();
    else if (this.#taken >= leastTaken && this.#taken * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#taken);
      this.#taken = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#taken = 0;
  }
}
