// Keeps the notes that are not open: brings what others wrote to this device, and what was written here without a network
// to the server. Opens a few at a time, each only until it is the same on both sides and saved.

import * as Y from 'yjs';
import { HeddleProvider, type HeddleConnection, type StatusReason } from '../../client/index.js';
import type { DeviceRecord } from './device-record.js';
import type { NotebookIndex } from './notebook-index.js';

interface NoteKeeperOptions {
  readonly notebook: string;
  readonly index: NotebookIndex;
  readonly record: DeviceRecord;
  readonly connection: HeddleConnection;
  readonly nameOf: (note: string) => string;
  /** Notes that are open keep themselves. */
  readonly isOpen: (note: string) => boolean;
  readonly changed: () => void;
}

const atOnce = 3;
const patienceMs = 30_000;
const savingMs = 10_000;
const againMs = 60_000;

export class NoteKeeper {
  readonly #options: NoteKeeperOptions;
  readonly #under = new Map<string, HeddleProvider>();
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
    this.#under.get(note)?.destroy();
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

  async #keep(note: string): Promise<void> {
    const { connection, index, record, nameOf, changed } = this.#options;
    const entry = index.entry(note);
    const doc = new Y.Doc();
    const provider = new HeddleProvider(connection.url, nameOf(note), doc, {
      connection,
      warnBeforeUnload: false,
    });
    this.#under.set(note, provider);
    try {
      // Without a copy there is nothing of this device's to bring, and the text comes all the same.
      await within(
        patienceMs,
        provider.whenLoaded.catch(() => {}),
      );
      await within(patienceMs, provider.sync());
      record.setWaiting(note, false);
      this.#failed.delete(note);
      if (entry !== undefined && (await this.#isSaved(provider))) record.setWhole(note, entry.changedAt);
    } catch {
      const { reason } = provider.status;
      // It was let go of, or the connection went: the next look finds it again.
      if (reason !== undefined && this.#under.get(note) === provider) this.#failed.set(note, reason);
    } finally {
      if (this.#under.get(note) === provider) this.#under.delete(note);
      provider.destroy();
      doc.destroy();
      if (!this.#isClosed) changed();
    }
  }

  async #isSaved(provider: HeddleProvider): Promise<boolean> {
    const isSaved = await savedOnDevice(provider);
    // A browser that keeps one keeps all: otherwise every look would fetch everything for nothing.
    if (!isSaved && this.#options.connection.connected) this.#keepsCopies = false;
    return isSaved;
  }
}

/** Waits until the copy on this device is complete; false where there is none, or it takes too long. */
function savedOnDevice(provider: HeddleProvider): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (isSaved: boolean): void => {
      clearTimeout(timer);
      provider.off('sync-status', look);
      provider.off('destroy', gone);
      resolve(isSaved);
    };
    const look = (): void => {
      const { savedLocally, offlineError } = provider.status;
      if (savedLocally || offlineError !== undefined) settle(savedLocally);
    };
    const gone = (): void => settle(false);
    const timer = setTimeout(gone, savingMs);
    provider.on('sync-status', look);
    provider.on('destroy', gone);
    look();
  });
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
