// Which documents the server has been asked for and has not answered about. The server opens a document once on a connection,
// and can be told to close it only by the number that its answer brings. So where the asker has let go of a document before the
// answer, whoever asks for the same document next waits for that answer.

interface Named {
  readonly name: string;
}

/** What an answer means here. */
interface Answered<Asker> {
  /** Whom the answer is for; undefined when that one has let go of the document. */
  readonly asker: Asker | undefined;
  /** Who has waited for the answer, and asks now. */
  readonly next: Asker | undefined;
}

export class OpenQuestions<Asker extends Named> {
  #lastRef = 0;
  readonly #askers = new Map<number, Asker>();
  /** Questions whose askers have let go, with the document's name. */
  readonly #letGo = new Map<number, string>();
  /** By the names in `#letGo`: who asks next. */
  readonly #waiting = new Map<string, Asker | undefined>();

  /** The number to ask by now; undefined when the document has to wait for `answered`. */
  ask(document: Asker): number | undefined {
    if (this.#waiting.has(document.name)) {
      this.#waiting.set(document.name, document);
      return undefined;
    }
    const ref = ++this.#lastRef;
    this.#askers.set(ref, document);
    return ref;
  }

  letGo(document: Asker): void {
    const { name } = document;
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
    this.#askers.delete(ref);
    const name = this.#letGo.get(ref);
    if (name === undefined) return { asker, next: undefined };
    const next = this.#waiting.get(name);
    this.#letGo.delete(ref);
    this.#waiting.delete(name);
    return { asker: undefined, next };
  }

  /** The connection has ended: nothing is answered any more. */
  clear(): void {
    this.#askers.clear();
    this.#letGo.clear();
    this.#waiting.clear();
  }
}
