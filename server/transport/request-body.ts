// The body of an HTTP request. Knows no library: the transport gives it the bytes as they come.

import { SyncError } from '../../shared/errors.js';
import type { RequestHead } from './request-head.js';

/** Collects the body of a request as it comes, so that none of it is lost while the handler thinks. */
export class RequestBody {
  readonly #maxBytes: number;
  readonly #announcedBytes: number;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #state: 'receiving' | 'complete' | 'too-large' | 'gone' = 'receiving';
  #waiting: (() => void)[] = [];

  constructor(head: Pick<RequestHead, 'header'>, maxBytes: number) {
    this.#maxBytes = maxBytes;
    const isChunked = head.header('transfer-encoding') !== undefined;
    this.#announcedBytes = isChunked ? Infinity : Number(head.header('content-length') ?? 0);
    if (!isChunked && this.#announcedBytes > maxBytes) this.#end('too-large');
  }

  /** Whether all of it was taken, or what is still to come is little enough to be read and thrown away. */
  get endsSoon(): boolean {
    return this.#state === 'complete' || this.#announcedBytes <= 2 * this.#maxBytes;
  }

  /** Whether a chunk that comes now is kept. */
  get isReceiving(): boolean {
    return this.#state === 'receiving';
  }

  async read(): Promise<Uint8Array> {
    if (this.#state === 'receiving') await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#state === 'too-large') {
      throw new SyncError('FRAME_TOO_LARGE', `a request body is at most ${this.#maxBytes} bytes`);
    }
    if (this.#state === 'gone') throw new SyncError('FRAME_MALFORMED', 'the request body ended early');
    return Buffer.concat(this.#chunks);
  }

  /** The client has gone, or nobody wants the body any more. */
  abort(): void {
    if (this.#state === 'receiving') this.#end('gone');
  }

  /** Takes the next bytes, which nobody else may change or free afterwards. */
  take(chunk: Uint8Array): void {
    if (this.#state !== 'receiving') return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) return this.#end('too-large');
    if (chunk.length > 0) this.#chunks.push(chunk);
  }

  /** All bytes have come. */
  complete(): void {
    if (this.#state === 'receiving') this.#end('complete');
  }

  #end(state: 'complete' | 'too-large' | 'gone'): void {
    this.#state = state;
    if (state !== 'complete') this.#chunks = [];
    for (const resolve of this.#waiting) resolve();
    this.#waiting = [];
  }
}
