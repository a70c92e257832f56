// What was handed in and is not stored yet, and whether it is this tab that stores it. Edits of this tab always are. What
// comes from elsewhere is stored by the writer. The others keep it until they find it in the rows. They store it themselves
// when it is not found there in time, when they become the writer, and when they make an edit: that may depend on what the
// writer has not stored, and would be of no use without it.

import type { Position } from '../../shared/native/position.js';
import type { CopyAccess } from './copy-record.js';
import type { CopyOwner } from './copy-owner.js';
import { LeftToWriter, type Overdue } from './left-to-writer.js';
import { UnsavedEdits, type EditBatch } from './unsaved-edits.js';
import { UpdateBuffer } from './update-buffer.js';

/** What one transaction stores. */
export interface Batch {
  readonly edits: EditBatch | undefined;
  readonly others: Uint8Array | undefined;
  /** So many of this tab's edits are durable. */
  readonly durable: number;
  readonly position: Position | undefined;
  readonly access: CopyAccess | undefined;
  readonly owner: CopyOwner | undefined;
}

export class CopyQueue {
  readonly #encodeDocument: (() => Uint8Array) | undefined;
  readonly #edits = new UnsavedEdits();
  readonly #others = new UpdateBuffer();
  readonly #left: LeftToWriter;
  /** The whole document is to be stored: some of what was left to the writer has not been kept. */
  #needsDocument = false;
  #isWriter = false;
  #position: Position | undefined;
  #access: CopyAccess | undefined;
  #owner: CopyOwner | undefined;
  /** So many of this tab's edits are known to be durable in the copy too. */
  #durableNoted = 0;
  /** What is being stored. */
  #batch: Batch | undefined;

  /** `now`: ms, of a clock that does not jump. */
  constructor({
    encodeDocument,
    now,
  }: {
    encodeDocument: (() => Uint8Array) | undefined;
    now: () => number;
  }) {
    this.#encodeDocument = encodeDocument;
    this.#left = new LeftToWriter({ hasDocument: encodeDocument !== undefined, now });
  }

  get isWriter(): boolean {
    return this.#isWriter;
  }

  /** Something of the document waits to be stored. */
  get hasContent(): boolean {
    return !this.#edits.isEmpty || !this.#others.isEmpty || this.#needsDocument;
  }

  /** Something was left to the writer, and not found in the rows yet. */
  get hasLeft(): boolean {
    return !this.#left.isEmpty;
  }

  /** Something is to be noted beside the document. */
  get hasNotes(): boolean {
    const hasPosition = this.#isWriter && this.#position !== undefined;
    return (
      hasPosition ||
      this.#access !== undefined ||
      this.#owner !== undefined ||
      this.#edits.durableCount > this.#durableNoted
    );
  }

  /** All of the document that this tab has to store is stored: its edits, and of the rest what is not left to the writer. */
  get isStored(): boolean {
    return !this.hasContent && this.#batch?.edits === undefined && this.#batch?.others === undefined;
  }

  /** How many edits this tab has made, and how many of them are durable on the server. */
  get counts(): { readonly edits: number; readonly durable: number } {
    return { edits: this.#edits.count, durable: this.#edits.durableCount };
  }

  /** As UnsavedEdits.precededBy. */
  precededBy(count: number, isLate: boolean): void {
    this.#edits.precededBy(count, isLate);
  }

  restored(): void {
    this.#edits.restored();
  }

  /** What is in the copy was not compared with the server up to there. */
  forgetPosition(): void {
    this.#position = undefined;
  }

  add(update: Uint8Array, isEdit: boolean): void {
    if (isEdit) this.#edits.add(update);
    else if (this.#isWriter) this.#others.add(update);
    else this.#left.add(update);
  }

  /** New rows hold this, or there are none. What the writer should have stored by now is to be stored here. */
  found(update: Uint8Array | undefined): void {
    this.#store(this.#left.found(update));
  }

  durable(count: number): void {
    this.#edits.durable(count);
  }

  reached(position: Position): void {
    this.#position = position;
  }

  setAccess(access: CopyAccess): void {
    this.#access = access;
  }

  setOwner(owner: CopyOwner): void {
    this.#owner = owner;
  }

  /** From now on this tab stores all; first of all what the last writer may not have come to. */
  becomeWriter(): void {
    this.#isWriter = true;
    this.takeOver();
  }

  /** Another tab may store all from now on. */
  resign(): void {
    this.#isWriter = false;
  }

  /** What was left to the writer is to be stored here. */
  takeOver(): void {
    this.#store(this.#left.take());
  }

  /**
   * All there is to store now. It is either `stored` or `putBack` before the next; `putBack` also where this throws, as
   * part of it may have been taken.
   */
  take(): Batch {
    if (!this.#edits.isEmpty) this.takeOver();
    if (this.#needsDocument) {
      this.#others.add(this.#encodeDocument!());
      this.#needsDocument = false;
    }
    const position = this.#isWriter ? this.#position : undefined;
    const notes = { durable: this.#edits.durableCount, position, access: this.#access, owner: this.#owner };
    if (this.#isWriter) this.#position = undefined;
    this.#access = undefined;
    this.#owner = undefined;
    this.#batch = { ...notes, edits: undefined, others: undefined };
    this.#batch = { ...this.#batch, edits: this.#edits.take() };
    this.#batch = { ...this.#batch, others: this.#others.take() };
    return this.#batch;
  }

  stored(): void {
    this.#durableNoted = Math.max(this.#durableNoted, this.#batch?.durable ?? 0);
    this.#batch = undefined;
  }

  /** It was not stored: it waits with what has come since. */
  putBack(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    this.#batch = undefined;
    if (batch.edits !== undefined) this.#edits.putBack(batch.edits);
    if (batch.others !== undefined) this.#others.add(batch.others);
    this.#position ??= batch.position;
    this.#access ??= batch.access;
    this.#owner ??= batch.owner;
  }

  #store({ updates, needsDocument }: Overdue): void {
    for (const update of updates) this.#others.add(update);
    if (needsDocument) this.#needsDocument = true;
  }
}
