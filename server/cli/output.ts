// The one place that prints for the command. A pipe takes 64 KB and the rest when its reader gets to it, so whoever prints
// waits, and the process ends only when everything has been taken.

import type { Writable } from 'node:stream';
import { toTargetError } from '../store/disk-errors.js';

/** The reader of what a command was to hand out whole has gone. Nobody is left to tell it to. */
export class ReaderGoneError extends Error {
  override readonly name = 'ReaderGoneError';
}

/** Standard output or standard error, as a command prints on it. */
export class Output {
  readonly #stream: Writable;
  readonly #name: string;
  #isClosed = false;

  /** `name` is what an error message calls the stream. */
  constructor(stream: Writable, name: string) {
    this.#stream = stream;
    this.#name = name;
    // Every fault also comes to the callback of its write. Without a listener it would end the process.
    stream.on('error', () => {});
  }

  /** Whether the reader has gone, as `head` goes. What is printed afterwards goes nowhere. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Resolves when the stream has taken all of it; a reader that has gone is no error. Rejects with StoreError when it cannot
   * be written, as where it leads to a file on a full disk.
   */
  async write(data: string | Uint8Array): Promise<void> {
    if (this.#isClosed) return;
    const fault = await new Promise<Error | null | undefined>((resolve) => {
      this.#stream.write(data, resolve);
    });
    if (fault === null || fault === undefined) return;
    if (!isBrokenPipe(fault)) throw toTargetError(fault, this.#name);
    this.#isClosed = true;
  }

  /** As `write`, of what has no use in parts: rejects with ReaderGoneError when the reader has gone. */
  async writeAll(data: Uint8Array): Promise<void> {
    await this.write(data);
    if (this.#isClosed) throw new ReaderGoneError(`nobody reads ${this.#name} any more`);
  }

  /** Prints a text and ends its line. Nothing for an empty text. */
  async line(text: string): Promise<void> {
    if (text !== '') await this.write(`${text}\n`);
  }

  /** Resolves when everything that was written to the stream, by whomever, has been taken or cannot be. Never rejects. */
  async drained(): Promise<void> {
    if (this.#isClosed) return;
    await new Promise<void>((resolve) => {
      this.#stream.write('', () => resolve());
    });
  }
}

function isBrokenPipe(error: Error): boolean {
  return 'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED');
}
