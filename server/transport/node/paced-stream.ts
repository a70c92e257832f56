// Writes frames to the stream of a socket piece by piece, so that what the client takes shows while it takes it. Node itself
// hands everything that waits to the kernel in one write, and says nothing until the last byte of it was taken: a client on a
// slow line would look like one that takes nothing. Owns the bytes that the stream was not given yet.

import type { Socket as Stream } from 'node:net';

/** While the kernel is full, it is given so much at once. */
const pieceBytes = 32 * 1024;
/** A cork holds back at most so much: what is above it is written, so that it shows what the kernel does not take. */
const maxCorkedBytes = 64 * 1024;
const nothing = new Uint8Array();

export class PacedStream {
  readonly #stream: Stream;
  /** Called when what waited has shrunk, never within a call. */
  readonly #shrunk: () => void;
  /** What the stream was not given, the oldest first. */
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isCorked = false;
  /** Bytes that the cork holds back: the kernel was not asked to take them yet. */
  #corkedBytes = 0;
  /** Whether Node will call when the stream has written what it has now. */
  #isAwaiting = false;

  constructor(stream: Stream, shrunk: () => void) {
    this.#stream = stream;
    this.#shrunk = shrunk;
  }

  /** Bytes that the kernel was asked to take and has not taken. */
  get bufferedBytes(): number {
    return this.#waitingBytes + this.#stream.writableLength - this.#corkedBytes;
  }

  write(frame: Buffer): void {
    if (this.bufferedBytes > 0) return this.#wait(frame);
    if (!this.#isCorked) return this.#writePieces(frame);
    if (this.#corkedBytes + frame.length > maxCorkedBytes) {
      this.uncork();
      this.write(frame);
      return this.cork();
    }
    this.#corkedBytes += frame.length;
    this.#stream.write(frame);
  }

  /** From now on small frames are held back, and then leave together. */
  cork(): void {
    this.#isCorked = true;
    // Of a stream that is corked already all is held back: the answer to the upgrade.
    this.#corkedBytes = this.#stream.writableCorked > 0 ? this.#stream.writableLength : 0;
    this.#stream.cork();
  }

  uncork(): void {
    this.#isCorked = false;
    this.#corkedBytes = 0;
    while (this.#stream.writableCorked > 0) this.#stream.uncork();
    this.#awaitWritten();
  }

  /** Gives the stream all that waits: somebody else is about to write to it. */
  flush(): void {
    const waiting = this.#takeWaiting(Infinity);
    for (const bytes of waiting) this.#stream.write(bytes);
  }

  /** Forgets what waits. */
  drop(): void {
    this.#takeWaiting(Infinity);
  }

  #wait(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#awaitWritten();
  }

  /** Writes one piece after the other while the kernel takes them at once. */
  #writePieces(frame: Buffer): void {
    for (let from = 0; from < frame.length; from += pieceBytes) {
      if (this.#stream.writableLength > 0) return this.#wait(frame.subarray(from));
      this.#stream.write(frame.length <= pieceBytes ? frame : frame.subarray(from, from + pieceBytes));
    }
    this.#awaitWritten();
  }

  /** Has Node call when the stream has written what it has now. Node's own event comes only after a full buffer. */
  #awaitWritten(): void {
    const { destroyed, writableEnded } = this.#stream;
    if (this.#isAwaiting || destroyed || writableEnded || this.bufferedBytes === 0) return;
    this.#isAwaiting = true;
    this.#stream.write(nothing, this.#written);
  }

  readonly #written = (error?: Error | null): void => {
    // The connection is gone, which the stream tells those who listen to it. It calls back all that waits for it in one loop, to
    // which a further write would add, without an end.
    if (error) return;
    this.#isAwaiting = false;
    while (this.#waitingBytes > 0 && this.#stream.writable && this.#stream.writableLength === 0) {
      this.#stream.cork();
      for (const bytes of this.#takeWaiting(pieceBytes)) this.#stream.write(bytes);
      this.#stream.uncork();
    }
    this.#awaitWritten();
    this.#shrunk();
  };

  /** Takes at most so many bytes off what waits. */
  #takeWaiting(maxBytes: number): Buffer[] {
    const taken: Buffer[] = [];
    let room = maxBytes;
    let whole = 0;
    for (const bytes of this.#waiting) {
      if (bytes.length > room) break;
      taken.push(bytes);
      room -= bytes.length;
      whole++;
    }
    const next = this.#waiting[whole];
    this.#waiting.splice(0, whole);
    if (next !== undefined && room > 0) {
      taken.push(next.subarray(0, room));
      this.#waiting[0] = next.subarray(room);
      room = 0;
    }
    for (const { length } of taken) this.#waitingBytes -= length;
    return taken;
  }
}
