// Positions in a text that changes: traces count code points, Yjs counts UTF-16 units. The two differ by the characters
// of two units before a position, which are few or none: only their places are kept.

/** Which units begin a character of two. */
export class CodePoints {
  /** In rising order. */
  #pairs: number[] = [];

  /** The unit at which the code point of this number begins. */
  unitOf(point: number): number {
    return point + this.#countBefore((pair, index) => pair - index < point);
  }

  /** So many units were taken away at a unit, and a text put in. */
  splice(unit: number, deleted: number, inserted: string): void {
    const pairs = pairsOf(inserted);
    if (this.#pairs.length === 0 && pairs.length === 0) return;
    const from = this.#countBefore((pair) => pair < unit);
    const until = this.#countBefore((pair) => pair < unit + deleted);
    const shift = inserted.length - deleted;
    this.#pairs = [
      ...this.#pairs.slice(0, from),
      ...pairs.map((pair) => unit + pair),
      ...this.#pairs.slice(until).map((pair) => pair + shift),
    ];
  }

  /** Forgets what it knew. */
  reset(text: string): void {
    this.#pairs = pairsOf(text);
  }

  /** How many pairs something is true for that is false for all that follow. */
  #countBefore(isBefore: (pair: number, index: number) => boolean): number {
    let low = 0;
    let high = this.#pairs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.#pairs[middle]!, middle)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Whether any character takes two units. */
export function hasPairs(text: string): boolean {
  return /[\ud800-\udbff][\udc00-\udfff]/.test(text);
}

function pairsOf(text: string): number[] {
  return hasPairs(text)
    ? [...text.matchAll(/[\ud800-\udbff][\udc00-\udfff]/g)].map(({ index }) => index)
    : [];
}
