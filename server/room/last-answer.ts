// The last answer to a client that came back. After an outage all come back at once, and most know the same: then working
// out what they lack, which costs more than sending it, is done once.

import type { StateVector } from '../crdt/state-vector.js';

interface Answer {
  readonly known: StateVector;
  readonly parts: readonly Uint8Array[];
}

export class LastAnswer {
  /** Weak: it may be as large as the document, and is of use for moments. */
  #answer: WeakRef<Answer> | undefined;

  /** The answer to this state vector, if it was the last one. */
  find(stateVector: StateVector): Uint8Array[] | undefined {
    const answer = this.#answer?.deref();
    return answer !== undefined && isSame(answer.known, stateVector) ? [...answer.parts] : undefined;
  }

  keep(stateVector: StateVector, parts: readonly Uint8Array[]): void {
    this.#answer = new WeakRef({ known: stateVector, parts: [...parts] });
  }

  /** The document has changed, or is kept differently. */
  forget(): void {
    this.#answer = undefined;
  }
}

function isSame(a: StateVector, b: StateVector): boolean {
  if (a.size !== b.size) return false;
  for (const [client, clock] of a) if (b.get(client) !== clock) return false;
  return true;
}
