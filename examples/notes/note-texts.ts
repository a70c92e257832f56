// The whole texts of notes, for the search. They are not in the index, which comes to every device with every change: they
// are read from the copies on this device, once somebody searches, and again when a copy is another one. Knows no provider.

interface NoteTextsOptions {
  /** The notes that this device has a copy of. */
  readonly copies: () => Promise<ReadonlySet<string>>;
  /** The text of such a note; undefined where the copy cannot be read. */
  readonly read: (note: string) => Promise<string | undefined>;
  /** Another text is known. */
  readonly changed: () => void;
}

interface Known {
  /** Undefined where this device has no copy. */
  readonly text: string | undefined;
  /** What the copy was like when it was read. */
  readonly stamp: string;
}

export class NoteTexts {
  readonly #options: NoteTextsOptions;
  readonly #known = new Map<string, Known>();
  #wanted = new Map<string, string>();
  #isReading = false;

  constructor(options: NoteTextsOptions) {
    this.#options = options;
  }

  /** How many texts are still to be read. */
  get unread(): number {
    return this.#wanted.size;
  }

  /** As far as it is known; it may be that of a moment ago. */
  text(note: string): string | undefined {
    return this.#known.get(note)?.text;
  }

  /** Reads the texts that are not known as they are now, one after the other. `notes`: a stamp for each note. */
  want(notes: ReadonlyMap<string, string>): void {
    this.#wanted = new Map([...notes].filter(([note, stamp]) => this.#known.get(note)?.stamp !== stamp));
    for (const note of this.#known.keys()) if (!notes.has(note)) this.#known.delete(note);
    if (!this.#isReading) void this.#readAll();
  }

  async #readAll(): Promise<void> {
    const { copies, read, changed } = this.#options;
    this.#isReading = true;
    let here = await copies();
    for (let next = first(this.#wanted); next !== undefined; next = first(this.#wanted)) {
      const [note, stamp] = next;
      // A copy may have come since the last look.
      if (!here.has(note)) here = await copies();
      const text = here.has(note) ? await read(note) : undefined;
      if (this.#wanted.get(note) === stamp) this.#wanted.delete(note);
      this.#known.set(note, { text, stamp });
      changed();
    }
    this.#isReading = false;
  }
}

function first(wanted: ReadonlyMap<string, string>): readonly [string, string] | undefined {
  return wanted.entries().next().value;
}
