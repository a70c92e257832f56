// Where a text stops being JSON, for whoever has to mend it. JSON.parse tells no place for some faults, another one in each
// version of Node, and repeats a piece of the text, in which a secret may stand.

/** The first fault of a text. */
export interface JsonFault {
  /** Both from 1; a column is a UTF-16 code unit. */
  readonly line: number;
  readonly column: number;
  /** What is wrong, without a word of the text. */
  readonly problem: string;
}

/** The first fault of a text that should be JSON; undefined where it is JSON. */
export function jsonFault(text: string): JsonFault | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch {
    const scan = new Scan(text);
    const problem = scan.document() ?? 'something is wrong';
    const before = text.slice(0, scan.at).split('\n');
    return { line: before.length, column: (before.at(-1) ?? '').length + 1, problem };
  }
}

const space = /[ \t\n\r]*/y;
const literal = /true|false|null/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** All from the space on, but for the quotation mark and the backslash. */
const plainText = /[ !#-[\]-\uffff]*/y;
const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** Walks through the text until something does not fit. Every method returns what is wrong, at `at`. */
class Scan {
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): string | undefined {
    const problem = this.#value();
    if (problem !== undefined) return problem;
    return this.#isAtEnd ? undefined : 'something follows the end';
  }

  /** The character that comes next; '' at the end. */
  #next(): string {
    return this.#text[this.at] ?? '';
  }

  get #isAtEnd(): boolean {
    return this.at === this.#text.length;
  }

  #value(): string | undefined {
    this.#take(space);
    const problem = this.#bareValue();
    if (problem === undefined) this.#take(space);
    return problem;
  }

  #bareValue(): string | undefined {
    if (this.#next() === '{') return this.#members('}', () => this.#member());
    if (this.#next() === '[') return this.#members(']', () => this.#value());
    if (this.#next() === '"') return this.#string();
    if (this.#take(literal) || this.#take(number)) return undefined;
    return this.#isAtEnd ? 'a value is missing at the end' : 'a value is expected';
  }

  /** What stands between brackets, with commas between. */
  #members(end: string, member: () => string | undefined): string | undefined {
    this.at++;
    this.#take(space);
    if (this.#next() === end) {
      this.at++;
      return undefined;
    }
    for (;;) {
      const problem = member();
      if (problem !== undefined) return problem;
      const { at } = this;
      if (this.#next() === end || this.#next() === ',') this.at++;
      else return this.#isAtEnd ? `"${end}" is missing at the end` : `"," or "${end}" is expected`;
      if (this.#text[at] === end) return undefined;
      this.#take(space);
      if (this.#next() === end) return `no "${end}" may follow a comma`;
    }
  }

  #member(): string | undefined {
    this.#take(space);
    if (this.#next() !== '"')
      return this.#isAtEnd ? 'a name is missing at the end' : 'a name in double quotes is expected';
    const problem = this.#string();
    if (problem !== undefined) return problem;
    this.#take(space);
    if (this.#next() !== ':') return '":" is expected';
    this.at++;
    return this.#value();
  }

  #string(): string | undefined {
    this.at++;
    for (;;) {
      this.#take(plainText);
      if (this.#next() === '"') {
        this.at++;
        return undefined;
      }
      if (this.#next() !== '\\') return 'a text does not end';
      if (!this.#take(escape)) return 'a backslash stands before something that it cannot stand before';
    }
  }

  /** Whether the pattern fits here, and something was taken. */
  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const length = pattern.exec(this.#text)?.[0].length ?? 0;
    this.at += length;
    return length > 0;
  }
}
