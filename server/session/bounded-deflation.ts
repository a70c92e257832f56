// How many messages of all connections are deflated or inflated at once. Node's thread pool has four threads, and the store
// works in them too: it must find some that are free, whatever clients send and ask for (O11).

import type { Deflation } from '../../shared/native/deflation.js';
import { Fifo } from './fifo.js';

const maxUnderWay = 2;

/**
 * What comes while enough is under way waits in line. A connection has one message at a time that is to be inflated, so that in
 * this line each connection has its turn.
 */
export class BoundedDeflation implements Deflation {
  readonly #deflation: Deflation;
  readonly #waiting = new Fifo<() => void>();
  #underWay = 0;

  constructor(deflation: Deflation) {
    this.#deflation = deflation;
  }

  /** Whether the next one would begin at once. */
  get isFree(): boolean {
    return this.#underWay < maxUnderWay;
  }

  deflate(plain: Uint8Array): Promise<Uint8Array> {
    return this.#inTurn(() => this.#deflation.deflate(plain));
  }

  inflate(deflated: Uint8Array, size: number): Promise<Uint8Array> {
    return this.#inTurn(() => this.#deflation.inflate(deflated, size));
  }

  async #inTurn(run: () => Promise<Uint8Array>): Promise<Uint8Array> {
    if (this.isFree) this.#underWay++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await run();
    } finally {
      // The next one has the place of this one.
      const next = this.#waiting.take();
      if (next === undefined) this.#underWay--;
      else next();
    }
  }
}
