// The participants of a room receive the same messages: each distinct one is read once, whoever receives it first, and
// the others compare bytes.

/** What is remembered of a room: enough for participants that lag, or get in another order what the others got. */
const maxEntries = 65_536;
const maxBytes = 16 * 1024 * 1024;
/** Smaller ones come whole as a rule. */
const leastExpected = 16 * 1024;
/** How many of the next messages a participant looks at before it searches all. */
const nearby = 4;

interface Place<Contents> {
  /** Counts up in the order of first reception. */
  readonly index: number;
  next: Entry<Contents> | undefined;
}

interface Entry<Contents> extends Place<Contents> {
  readonly payload: Buffer;
  readonly print: number;
  readonly contents: Contents;
}

/** The latest messages of a room. */
export class SharedPayloads<Contents> {
  last: Place<Contents> = { index: 0, next: undefined };
  readonly #byPrint = new Map<number, Entry<Contents>>();
  /** The latest large one of each length. */
  readonly #byLength = new Map<number, Entry<Contents>>();
  /** The oldest that is remembered follows it. */
  #oldest: Place<Contents> = this.last;
  #bytes = 0;

  cursor(): PayloadCursor<Contents> {
    return new PayloadCursor(this);
  }

  find(print: number, payload: Uint8Array): Entry<Contents> | undefined {
    const entry = this.#byPrint.get(print);
    return entry !== undefined && isEqual(entry.payload, payload) ? entry : undefined;
  }

  /** What a large payload of this length probably is. */
  expected(length: number): Buffer | undefined {
    return this.#byLength.get(length)?.payload;
  }

  add(payload: Buffer, print: number, contents: Contents): void {
    const entry = { index: this.last.index + 1, payload, print, contents, next: undefined };
    this.last.next = entry;
    this.last = entry;
    this.#byPrint.set(print, entry);
    if (payload.length >= leastExpected) this.#byLength.set(payload.length, entry);
    this.#bytes += payload.length;
    while (entry.index - this.#oldest.index > maxEntries || this.#bytes > maxBytes) this.#forget();
  }

  #forget(): void {
    const entry = this.#oldest.next!;
    this.#oldest = entry;
    this.#bytes -= entry.payload.length;
    const { length } = entry.payload;
    if (this.#byPrint.get(entry.print) === entry) this.#byPrint.delete(entry.print);
    if (this.#byLength.get(length) === entry) this.#byLength.delete(length);
  }
}

/** One participant's place in them. */
export class PayloadCursor<Contents> {
  readonly #shared: SharedPayloads<Contents>;
  #at: Place<Contents>;

  constructor(shared: SharedPayloads<Contents>) {
    this.#shared = shared;
    this.#at = shared.last;
  }

  expected(length: number): Buffer | undefined {
    return this.#shared.expected(length);
  }

  /**
   * What a payload holds. `read` gets a copy that stays valid; what it returns may be handed to others if `isShared`
   * says that they may receive the same.
   */
  read(
    payload: Uint8Array,
    read: (copy: Uint8Array) => Contents,
    isShared: (contents: Contents) => boolean,
  ): Contents {
    const print = printOf(payload);
    const found = this.#nearby(print, payload) ?? this.#shared.find(print, payload);
    if (found !== undefined) {
      if (found.index > this.#at.index) this.#at = found;
      return found.contents;
    }
    const copy = Buffer.from(payload);
    const contents = read(copy);
    if (!isShared(contents)) return contents;
    const isLast = this.#at === this.#shared.last;
    this.#shared.add(copy, print, contents);
    if (isLast) this.#at = this.#shared.last;
    return contents;
  }

  #nearby(print: number, payload: Uint8Array): Entry<Contents> | undefined {
    let ahead = this.#at.next;
    for (let i = 0; i < nearby && ahead !== undefined; i++, ahead = ahead.next)
      if (ahead.print === print && isEqual(ahead.payload, payload)) return ahead;
    return undefined;
  }
}

/** What was recognised while it came is the very payload: nothing is compared twice. */
function isEqual(known: Buffer, payload: Uint8Array): boolean {
  return known === payload || known.compare(payload) === 0;
}

/** Bytes at either end that go into a print: where client ids, clocks and letters of small messages are. */
const printed = 24;

/** A number that differs for most payloads that differ: comparing all their bytes costs more. */
function printOf(payload: Uint8Array): number {
  const { length } = payload;
  let print = length;
  const head = Math.min(printed, length);
  for (let i = 0; i < head; i++) print = (Math.imul(print, 31) + payload[i]!) | 0;
  for (let i = Math.max(head, length - printed); i < length; i++)
    print = (Math.imul(print, 31) + payload[i]!) | 0;
  return print;
}
