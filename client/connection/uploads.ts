// What documents upload over one connection: one part of each in turn, and no more on its way at once than a slow line
// carries in some seconds. Owns which documents have something to upload.

/** The most that is on its way at once, bytes: said, and neither acknowledged nor refused. */
export const mostOnWay = 256 * 1024;

/**
 * said: a part was said, and more may follow. waiting: there is something, but not now. nothing: there is nothing to upload, or
 * it may not be uploaded.
 */
export type Uploaded = 'said' | 'waiting' | 'nothing';

export interface Uploader {
  /** Bytes that were said on this connection, and neither acknowledged nor refused. */
  readonly bytesOnWay: number;
  /** Says the next part. `isCrowded`: others have much on its way, so only a small part may be said. */
  upload(isCrowded: boolean): Uploaded;
}

export class Uploads {
  readonly #wanting = new Set<Uploader>();
  readonly #onWay = new Set<Uploader>();

  get bytesOnWay(): number {
    let bytes = 0;
    for (const one of this.#onWay) {
      if (one.bytesOnWay === 0) this.#onWay.delete(one);
      bytes += one.bytesOnWay;
    }
    return bytes;
  }

  /** Uploads what there is room for, of this document and of those that waited for room. */
  add(one: Uploader): void {
    this.#wanting.add(one);
    this.#goOn();
  }

  /** What was on its way is not any more. */
  remove(one: Uploader): void {
    this.#wanting.delete(one);
    if (this.#onWay.delete(one)) this.#goOn();
  }

  clear(): void {
    this.#wanting.clear();
    this.#onWay.clear();
  }

  #goOn(): void {
    // A document that has said a part goes to the end of the set, and so comes again after the others.
    for (const one of this.#wanting) {
      const uploaded = one.upload(this.bytesOnWay >= mostOnWay);
      if (uploaded === 'waiting') continue;
      this.#wanting.delete(one);
      if (uploaded === 'nothing') continue;
      this.#onWay.add(one);
      this.#wanting.add(one);
    }
  }
}
