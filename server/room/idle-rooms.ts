// Rooms that nobody has open, the longest unused first, and how much memory they take together. The sum is kept as rooms come,
// change and go, so that nobody has to walk over a hundred thousand rooms for it.

interface Sized {
  readonly memoryBytes: number;
}

export class IdleRooms<R extends Sized> {
  readonly #bytesOf = new Map<R, number>();
  #bytes = 0;

  get size(): number {
    return this.#bytesOf.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Nobody has the room open from now on. */
  add(room: R): void {
    this.delete(room);
    this.#bytesOf.set(room, room.memoryBytes);
    this.#bytes += room.memoryBytes;
  }

  delete(room: R): void {
    this.#bytes -= this.#bytesOf.get(room) ?? 0;
    this.#bytesOf.delete(room);
  }

  /** The room takes more or less memory than before; its place in the order stays. */
  resized(room: R): void {
    const before = this.#bytesOf.get(room);
    if (before === undefined) return;
    this.#bytesOf.set(room, room.memoryBytes);
    this.#bytes += room.memoryBytes - before;
  }

  /** Takes out the longest unused rooms that may go, until the rest fits, and returns them. */
  evict(maxBytes: number, mayGo: (room: R) => boolean): R[] {
    const gone: R[] = [];
    if (this.#bytes <= maxBytes) return gone;
    for (const room of this.#bytesOf.keys()) {
      if (this.#bytes <= maxBytes) break;
      if (!mayGo(room)) continue;
      this.delete(room);
      gone.push(room);
    }
    return gone;
  }

  clear(): void {
    this.#bytesOf.clear();
    this.#bytes = 0;
  }
}
