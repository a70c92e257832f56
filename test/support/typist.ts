// Types like people do, by chance but reproducibly: bursts, jumps of the cursor, pastes, corrections; two to eight
// authors who see each other with a delay. Stands in for recorded traces where there are none.

import * as Y from 'yjs';
import { Random } from './histories.js';
import { merge, textName, type Edit, type EditingHistory } from './traces.js';

export interface TypistOptions {
  readonly seed: number;
  /** 1 to 8. */
  readonly authors: number;
  /** All authors together. */
  readonly edits: number;
}

/** The seed of this run: HEDDLE_SEED to repeat one, else chosen by time. Print it. */
export function chosenSeed(): number {
  const given = Number(process.env['HEDDLE_SEED'] ?? '');
  return Number.isSafeInteger(given) && given > 0 ? given : (Date.now() % 1_000_000) + 1;
}

const words = 'the loom holds every thread that passes through it and some of them are not yet woven'.split(
  ' ',
);

class Typist {
  readonly index: number;
  readonly edits: Edit[] = [];
  readonly #random: Random;
  readonly #ydoc = new Y.Doc();
  /** How far in the common order this author has read. */
  seenUntil = 0;
  #cursor = 0;
  #after: number[] = [];
  #made: Uint8Array | undefined;

  constructor(index: number, random: Random) {
    this.index = index;
    this.#random = random;
    this.#ydoc.clientID = random.int(2 ** 31) + 1;
    this.#ydoc.on('update', (update: Uint8Array, _origin, _doc, transaction: Y.Transaction) => {
      if (transaction.local) this.#made = update;
    });
  }

  /** Takes in what others did, up to a place in the common order. */
  read(order: readonly Edit[], until: number): void {
    for (const { author, update } of order.slice(this.seenUntil, until)) {
      if (author === this.index) continue;
      Y.applyUpdate(this.#ydoc, update, 'remote');
      this.#after[author] = (this.#after[author] ?? 0) + 1;
    }
    this.seenUntil = until;
  }

  /** A few edits in a row, as one types a word or corrects it. */
  burst(order: Edit[]): void {
    const ytext = this.#ydoc.getText(textName);
    if (this.#random.chance(0.15)) this.#cursor = this.#random.int(ytext.length + 1);
    if (this.#random.chance(0.04)) {
      const paste = Array.from({ length: 5 + this.#random.int(60) }, () => this.#random.pick(words)).join(
        ' ',
      );
      this.#edit(order, () => this.#type(ytext, paste));
    } else if (this.#random.chance(0.03) && ytext.length > 40) {
      this.#edit(order, () => this.#erase(ytext, 2 + this.#random.int(30)));
    } else if (this.#random.chance(0.2)) {
      for (let left = 1 + this.#random.int(6); left > 0; left--)
        this.#edit(order, () => this.#erase(ytext, 1));
    } else {
      for (const letter of `${this.#random.pick(words)} `) this.#edit(order, () => this.#type(ytext, letter));
    }
  }

  #edit(order: Edit[], change: () => void): void {
    this.#made = undefined;
    this.#ydoc.transact(change);
    if (this.#made === undefined) return;
    const after = [...this.#after];
    after[this.index] = this.edits.length;
    const edit = { author: this.index, update: this.#made, after };
    this.edits.push(edit);
    order.push(edit);
  }

  #type(ytext: Y.Text, content: string): void {
    const at = Math.min(this.#cursor, ytext.length);
    ytext.insert(at, content);
    this.#cursor = at + content.length;
  }

  #erase(ytext: Y.Text, length: number): void {
    const end = Math.min(this.#cursor, ytext.length);
    const start = Math.max(0, end - length);
    if (end > start) ytext.delete(start, end - start);
    this.#cursor = start;
  }
}

/** A history of at least that many edits. The same options, the same history. */
export function typeHistory({ seed, authors: count, edits }: TypistOptions): EditingHistory {
  const random = new Random(seed);
  const typists = Array.from({ length: count }, (_, index) => new Typist(index, random));
  const order: Edit[] = [];
  while (order.length < edits) {
    const typist = random.pick(typists);
    // Seldom up to date: somewhere between what was seen last and now.
    if (random.chance(0.5))
      typist.read(order, typist.seenUntil + random.int(order.length - typist.seenUntil + 1));
    typist.burst(order);
  }
  const authors = typists.map((typist) => typist.edits);
  return {
    name: `${count} typists, seed ${seed}`,
    authors,
    endContent: merge(authors),
    isSourceContent: true,
  };
}
