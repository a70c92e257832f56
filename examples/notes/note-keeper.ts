// Keeps the notes that are not open: brings what others wrote to this device, and what was written here without a network
// to the server; removes from this device what was deleted. Opens a few at a time, each only until it is the same on both
// sides and saved.

import * as Y from 'yjs';
import {
  clearOfflineCopy,
  HeddleProvider,
  OfflineError,
  statusReason,
  SyncError,
  type HeddleConnection,
  type StatusReason,
} from '../../client/index.js';
import { emptyText } from './empty-text.js';
import type { DeviceRecord } from './device-record.js';
import { copiesHere } from './note-copies.js';
import type { NotebookIndex } from './notebook-index.js';

interface NoteKeeperOptions {
  readonly notebook: string;
  readonly index: NotebookIndex;
  readonly record: DeviceRecord;
  readonly connection: HeddleConnection;
  readonly nameOf: (note: string) => string;
  /** Notes that are open keep themselves. */
  readonly isOpen: (note: string) => boolean;
  /** By the server's clock, ms. */
  readonly now: () => number;
  readonly changed: () => void;
}

/** A deletion can be taken back by a press for a little less: the copy on this device stays so long. */
const undoMs = 10_000;
const atOnce = 3;
const patienceMs = 30_000;
const againMs = 60_000;

export class NoteKeeper {
  readonly #options: NoteKeeperOptions;
  /** Ends what is under way with a note. */
  readonly #under = new Map<string, () => void>();
  readonly #failed = new Map<string, StatusReason>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueAt = Infinity;
  #isRunning = false;
  #isWanted = false;
  #isClosed = false;
  #keepsCopies = true;

  constructor(options: NoteKeeperOptions) {
    this.#options = options;
  }

  /** Why notes could not be brought to the server. */
  get reasons(): readonly StatusReason[] {
    return [...this.#failed.values()];
  }

  /** Looks what is to be done, after a while: many changes make one look. A look that comes sooner is never put off. */
  look(delayMs: number): void {
    const dueAt = performance.now() + delayMs;
    if (this.#isClosed || dueAt >= this.#dueAt) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => {
      this.#dueAt = Infinity;
      void this.#run();
    }, delayMs);
  }

  /** The note is about to be opened: on one connection it can be open once. */
  letGo(note: string): void {
    this.#under.get(note)?.();
    this.#under.delete(note);
    this.#failed.delete(note);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const note of this.#under.keys()) this.letGo(note);
  }

  async #run(): Promise<void> {
    this.#isWanted = true;
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#isWanted && !this.#isClosed && this.#options.connection.connected) {
      this.#isWanted = false;
      await this.#alone(() => this.#pass());
    }
    this.#isRunning = false;
  }

  /** In one tab of the browser; where there are no locks in each, which costs traffic and breaks nothing. */
  async #alone(pass: () => Promise<void>): Promise<void> {
    if (!('locks' in navigator)) return pass();
    await navigator.locks.request(
      `heddle-notes.keeper.${this.#options.notebook}`,
      { ifAvailable: true },
      (lock) => (lock === null ? this.look(againMs) : pass()),
    );
  }

  async #pass(): Promise<void> {
    const due = this.#due();
    const worker = async (): Promise<void> => {
      for (let note = due.shift(); note !== undefined && !this.#isClosed; note = due.shift())
        if (!this.#options.isOpen(note)) await this.#keep(note);
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    for (const note of await this.#deleted())
      if (!this.#options.isOpen(note) && !this.#isClosed) await this.#keep(note);
    if (this.#failed.size > 0) this.look(againMs);
  }

  /** What was written here comes first. */
  #due(): string[] {
    const { index, record } = this.#options;
    const fresh = index
      .notes()
      .filter(({ id, changedAt }) => this.#keepsCopies && !record.isWhole(id, changedAt));
    return [...new Set([...record.waiting, ...fresh.map(({ id }) => id)])];
  }

  /** Notes that were deleted, and of which there is something on this device, or on the server by this device's will. */
  async #deleted(): Promise<readonly string[]> {
    const { index, record, nameOf, now } = this.#options;
    const trash = index.trash();
    const next = Math.min(...trash.map(({ deletedAt }) => deletedAt + undoMs).filter((due) => due > now()));
    if (next < Infinity) this.look(next - now());
    const due = trash.filter(({ deletedAt }) => deletedAt + undoMs <= now()).map(({ id }) => id);
    const copies = await copiesHere();
    const deleted = [...due, ...index.gone()];
    return deleted.filter((note) => copies.has(nameOf(note)) || record.emptying.includes(note));
  }

  /** Makes a note the same on both sides, and leaves on this device what is to be there. */
  async #keep(note: string): Promise<void> {
    const { index, changed } = this.#options;
    const entry = index.entry(note);
    try {
      if (entry === undefined) await this.#remove(note);
      else await this.#keepCopy(note, entry.changedAt);
      this.#failed.delete(note);
    } catch (error) {
      // Otherwise it was let go of, or took too long: the next look finds it again.
      if (error instanceof SyncError) this.#failed.set(note, statusReason(error));
    } finally {
      if (!this.#isClosed) changed();
    }
  }

  async #keepCopy(note: string, changedAt: number): Promise<void> {
    const { connection, record, nameOf } = this.#options;
    const letGo = new AbortController();
    const end = (): void => letGo.abort();
    const timer = setTimeout(end, patienceMs);
    this.#under.set(note, end);
    try {
      await connection.keep(nameOf(note), { signal: letGo.signal });
      record.setWaiting(note, false);
      record.setWhole(note, changedAt);
    } catch (error) {
      if (!(error instanceof OfflineError)) throw error;
      // A browser that keeps one keeps all: otherwise every look would try in vain.
      this.#keepsCopies = false;
    } finally {
      clearTimeout(timer);
      if (this.#under.get(note) === end) this.#under.delete(note);
    }
  }

  /** What is deleted goes from this device, when the server has what was written here before. */
  async #remove(note: string): Promise<void> {
    const { connection, record, nameOf } = this.#options;
    const doc = new Y.Doc();
    const options = { connection, warnBeforeUnload: false } as const;
    const provider = new HeddleProvider(connection.url, nameOf(note), doc, options);
    const end = (): void => provider.destroy();
    this.#under.set(note, end);
    try {
      // Without a copy there is nothing of this device's to bring, and the text comes all the same.
      await within(
        patienceMs,
        provider.whenLoaded.catch(() => {}),
      );
      await within(patienceMs, provider.sync());
      record.setWaiting(note, false);
      await this.#removeCopy(note, provider);
    } finally {
      if (this.#under.get(note) === end) this.#under.delete(note);
      provider.destroy();
      doc.destroy();
    }
  }

  async #removeCopy(note: string, provider: HeddleProvider): Promise<void> {
    const { index, record, nameOf } = this.#options;
    if (index.state(note) === 'gone' && record.emptying.includes(note)) {
      // The server has no deletion of documents: what can be done is to delete the text in it, as an edit. The name of the
      // document stays there, and the deleted text until the server makes its next checkpoint.
      emptyText(provider.doc);
      await within(patienceMs, provider.sync());
    }
    // It may have been brought back meanwhile, by somebody who had written something that the deletion had not seen.
    if (index.state(note) === undefined || index.entry(note) !== undefined) return;
    provider.destroy();
    await clearOfflineCopy(nameOf(note)).catch(() => {});
    record.forget(note);
  }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
