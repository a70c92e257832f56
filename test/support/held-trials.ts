// Document workers whose trials answer when the test says so, and what is large enough to be tried.

import type { TryRequest, Tried } from '../../server/room/document-worker.js';
import type { DocumentName } from '../../shared/document-name.js';
import { InProcessWorker } from './in-process-worker.js';

interface Held {
  readonly request: TryRequest;
  readonly author: string | undefined;
  pass(cost?: Tried): void;
  refuse(error: Error): void;
}

export class HeldTrials extends InProcessWorker {
  /** Trials and checks that wait for an answer, the oldest first. */
  readonly held: Held[] = [];

  override try(_document: DocumentName, request: TryRequest, author?: string): Promise<Tried> {
    return new Promise((resolve, reject) => {
      const take = (): void => void this.held.splice(this.held.indexOf(held), 1);
      const held: Held = {
        request,
        author,
        pass(cost = { bytes: 1_000, loadMs: 1 }) {
          take();
          resolve(cost);
        },
        refuse(error) {
          take();
          reject(error);
        },
      };
      this.held.push(held);
    });
  }
}

/** Every trial passes once the gate is open. */
export class GatedTrials extends InProcessWorker {
  readonly #passed: Promise<void>;

  constructor(gate: { readonly passed: Promise<void> }) {
    super();
    this.#passed = gate.passed;
  }

  override async try(): Promise<Tried> {
    await this.#passed;
    return { bytes: 1, loadMs: 1 };
  }
}

/** A paste so large that it is tried first. */
export const unusualText = 'x'.repeat(2_200_000);
