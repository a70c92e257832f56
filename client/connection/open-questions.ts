// Which documents the server has been asked for and has not answered about, of which there are not too many at once: the
// others wait for an answer. The server opens a document once on a connection,
// and can be told to close it only by the number that its answer brings. So where the asker has let go of a document before the
// answer, whoever asks for the same document next waits for that answer.

/** So many are asked for at once. */
const mostAsked = 100;
/** So much of what is known of them is on its way at once, bytes, but for one document alone. */
const mostAskedBytes = 256 * 1024;

interface Named {
  readonly name: string;
}

/** What an answer means here. */
interface Answered<Asker> {
  /** Whom the answer is for; undefined when that one has let go of the document. */
  readonly asker: Asker | undefined;
  /** Who have waited for an answer, and ask now. */
  readonly next: readonly Asker[];
}

export class OpenQuestions<Asker extends Named> {
  #lastRef = 0;
  readonly #askers = new Map<number, Asker>();
  /** What was told with the questions that are not answered, bytes. */
  readonly #bytes = new Map<number, number>();
  /** For whom there was no room, in the order in which they came. */
  readonly #queue = new Set<Asker>();
  /** Questions whose askers have let go, with the document's name. */
  readonly #letGo = new Map<number, string>();
  /** By the names in `#letGo`: who asks next. */
  readonly #waiting = new Map<string, Asker | undefined>();

  /** The number to ask by now, telling so many bytes; undefined when the document has to wait for `answered`. */
  ask(document: Asker, bytes: number): number | undefined {
    if (this.#waiting.has(document.name)) {
      this.#waiting.set(document.name, document);
      return undefined;
    }
    if (!this.#hasRoom(bytes)) {
      this.#queue.add(document);
      return undefined;
    }
    const ref = ++this.#lastRef;
    this.#askers.set(ref, document);
    this.#bytes.set(ref, bytes);
    return ref;
  }

  letGo(document: Asker): void {
    const { name } = document;
    this.#queue.delete(document);
    for (const [ref, asker] of this.#askers) {
      if (asker !== document) continue;
      this.#askers.delete(ref);
      this.#letGo.set(ref, name);
      this.#waiting.set(name, undefined);
    }
    if (this.#waiting.get(name) === document) this.#waiting.set(name, undefined);
  }

  answered(ref: number): Answered<Asker> {
    const asker = this.#askers.get(ref);
    const name = this.#letGo.get(ref);
    const next = name === undefined ? undefined : this.#waiting.get(name);
    this.#askers.delete(ref);
    this.#bytes.delete(ref);
    this.#letGo.delete(ref);
    if (name !== undefined) this.#waiting.delete(name);
    const queued = [...this.#queue].slice(0, mostAsked - this.#bytes.size);
    for (const one of queued) this.#queue.delete(one);
    return { asker, next: next === undefined ? queued : [next, ...queued] };
  }

  #hasRoom(bytes: number): boolean {
    const asked = [...this.#bytes.values()];
    const askedBytes = asked.reduce((sum, one) => sum + one, 0);
    return asked.length === 0 || (asked.length < mostAsked && askedBytes + bytes <= mostAskedBytes);
  }

  /** The connection has ended: nothing is answered any more. */
  clear(): void {
    this.#askers.clear();
    this.#bytes.clear();
    this.#queue.clear();
    this.#letGo.clear();
    this.#waiting.clear();
  }
}
