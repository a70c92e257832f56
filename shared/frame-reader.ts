// A frame that holds several messages, one behind the other, whatever the messages are.

import * as decoding from 'lib0/decoding';
import { SyncError } from './errors.js';

/** Reads the messages of one frame, one at a time: what comes before a bad message can be used. */
export class FrameReader<M> {
  readonly #decoder: decoding.Decoder;
  readonly #read: (decoder: decoding.Decoder) => M;
  #isAtEnd = false;

  constructor(frame: Uint8Array, read: (decoder: decoding.Decoder) => M) {
    this.#decoder = decoding.createDecoder(frame);
    this.#read = read;
  }

  /** Whether all messages have been read. A frame holds at least one, so a new reader is never at its end. */
  get isAtEnd(): boolean {
    return this.#isAtEnd;
  }

  /** Bytes that have not been read. */
  get bytes(): number {
    return this.#decoder.arr.length - this.#decoder.pos;
  }

  /**
   * The next message, a view into the frame. Throws what `read` throws if that is a SyncError, and SyncError FRAME_MALFORMED
   * for anything else it throws.
   */
  next(): M {
    try {
      const message = this.#read(this.#decoder);
      this.#isAtEnd = !decoding.hasContent(this.#decoder);
      return message;
    } catch (error) {
      if (error instanceof SyncError) throw error;
      throw new SyncError('FRAME_MALFORMED', 'the frame ends inside a message', { cause: error });
    }
  }

  /** A reader of what has not been read, on a copy: a frame is only valid while the transport delivers it. */
  keep(): FrameReader<M> {
    return new FrameReader(this.#decoder.arr.slice(this.#decoder.pos), this.#read);
  }

  /** All messages that have not been read. Throws as `next` does. */
  all(): M[] {
    const messages: M[] = [];
    while (!this.#isAtEnd) messages.push(this.next());
    return messages;
  }
}
