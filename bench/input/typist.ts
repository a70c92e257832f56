// Types like a person: letter by letter in words, corrections, jumps of the cursor, a paste now and then.

import * as prng from 'lib0/prng';
import type * as Y from 'yjs';
import { sentence, word } from './prose.js';

/** Where in the text somebody works. Nothing outside of it is touched. In UTF-16 units. */
export interface Place {
  readonly start: number;
  readonly length: number;
}

/** Somebody at work in one place of a text that nobody else changes meanwhile. */
export class Typist {
  readonly #text: Y.Text;
  readonly #random: prng.PRNG;
  readonly #start: number;
  #length: number;
  /** Counted from the start of the place. */
  #cursor: number;
  /** What the hands are at: letters still to be typed, or how often the backspace is still to be hit. */
  #letters = '';
  #backspaces = 0;

  constructor(text: Y.Text, random: prng.PRNG, place: Place) {
    this.#text = text;
    this.#random = random;
    this.#start = place.start;
    this.#length = place.length;
    this.#cursor = prng.int31(random, 0, place.length);
  }

  /** One change of the text, as an editor makes it at one key stroke. */
  edit(): void {
    if (this.#letters !== '') this.#typeLetter();
    else if (this.#backspaces > 0 && this.#cursor > 0) this.#backspace();
    else this.#begin();
  }

  /** Goes on somewhere else. */
  jump(): void {
    this.#letters = '';
    this.#backspaces = 0;
    this.#cursor = prng.int31(this.#random, 0, this.#length);
  }

  #begin(): void {
    const random = this.#random;
    const dice = prng.real53(random);
    if (prng.real53(random) < 0.1) this.jump();
    if (dice < 0.02) {
      this.#insert(sentence(random) + (prng.bool(random) ? sentence(random) : ''));
    } else if (dice < 0.06 && this.#cursor > 0) {
      this.#erase(prng.int31(random, 3, 14));
    } else if (dice < 0.3 && this.#cursor > 0) {
      this.#backspaces = prng.int31(random, 1, 10);
      this.#backspace();
    } else {
      this.#letters = `${word(random)} `;
      this.#typeLetter();
    }
  }

  #typeLetter(): void {
    const letter = this.#letters[0]!;
    this.#letters = this.#letters.slice(1);
    this.#insert(letter);
  }

  #backspace(): void {
    this.#backspaces--;
    this.#erase(1);
  }

  #insert(content: string): void {
    this.#text.insert(this.#start + this.#cursor, content);
    this.#cursor += content.length;
    this.#length += content.length;
  }

  /** Takes away what is left of the cursor. */
  #erase(wanted: number): void {
    const length = Math.min(wanted, this.#cursor);
    this.#cursor -= length;
    this.#length -= length;
    this.#text.delete(this.#start + this.#cursor, length);
  }
}
