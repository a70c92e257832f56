// What is known of a document while it is open on the server, and what has come of the answer that follows `opened`.

import type { DocumentMessage } from '../connection/connection.js';
import type { DocumentContent } from './document-content.js';

export class OpenDocument {
  readonly writer: number;
  readonly epoch: string;
  /** For the comparison of the first sync. */
  readonly stateVector: Uint8Array;
  /** The cursor of the last part of the answer; 0 for none. */
  cursor = 0;
  /** Parts of the answer that are not applied yet. */
  #parts: Uint8Array[] = [];

  constructor(opened: Extract<DocumentMessage, { type: 'opened' }>) {
    this.writer = opened.writer;
    this.epoch = opened.epoch;
    this.stateVector = opened.stateVector.slice();
  }

  add(part: Uint8Array): void {
    this.#parts.push(part.slice());
  }

  /** Has the content take the parts together, and returns them. What a cursor speaks of is never left out. */
  takeInto(content: DocumentContent, isWhole: boolean): readonly Uint8Array[] {
    const parts = this.#parts.splice(0);
    content.apply(parts, isWhole || this.cursor > 0);
    return parts;
  }

  forgetParts(): void {
    this.#parts = [];
    this.cursor = 0;
  }
}
