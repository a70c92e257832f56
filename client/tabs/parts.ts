// Updates that are too long for one message: cut, and put together again.

import { maxPartBytes, type Part } from './tab-messages.js';

/** Longest update that is put together, bytes: what a server takes of a document, and no more. */
const maxUpdateBytes = 128 * 1024 * 1024;

/** At least one part, also of nothing. */
export function partsOf(update: Uint8Array): Part[] {
  const count = Math.max(1, Math.ceil(update.length / maxPartBytes));
  return Array.from({ length: count }, (_, index) => ({
    // A clone would take the whole buffer along with a view of it.
    part: count === 1 ? update : update.slice(index * maxPartBytes, (index + 1) * maxPartBytes),
    index,
    isLast: index === count - 1,
  }));
}

/** Puts together what one tab says. */
export class PartReader {
  #parts: Uint8Array[] = [];
  #bytes = 0;

  /** The update when it is whole. What begins in the middle, or is too long, is left out. */
  add({ part, index, isLast }: Part): Uint8Array | undefined {
    if (index === 0) this.#clear();
    if (index !== this.#parts.length) return undefined;
    this.#parts.push(part);
    this.#bytes += part.length;
    if (this.#bytes > maxUpdateBytes) {
      this.#clear();
      throw new RangeError(`a tab sent an update of more than ${maxUpdateBytes} bytes`);
    }
    return isLast ? this.#whole() : undefined;
  }

  #whole(): Uint8Array {
    const [first = new Uint8Array()] = this.#parts;
    let whole = first;
    if (this.#parts.length > 1) {
      whole = new Uint8Array(this.#bytes);
      let at = 0;
      for (const part of this.#parts) {
        whole.set(part, at);
        at += part.length;
      }
    }
    this.#clear();
    return whole;
  }

  #clear(): void {
    this.#parts = [];
    this.#bytes = 0;
  }
}
