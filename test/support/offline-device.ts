// A device with an IndexedDB in memory, tabs, and a clock that stands still: what the tests of the offline copy run on.

import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import * as Y from 'yjs';
import { Catalogue, type OfflineCopyInfo } from '../../client/offline/catalogue.js';
import type { LoadedCopy } from '../../client/offline/loaded-copy.js';
import { OfflineCopy, type OfflineCopyDeps } from '../../client/offline/offline-copy.js';
import type { OfflineError } from '../../client/offline/offline-error.js';
import type { Locks } from '../../client/platform/locks.js';
import type { Position } from '../../shared/native/position.js';
import { createFakeClock } from './fake-clock.js';
import { MemoryLocks } from './memory-locks.js';
import { SeededRandom } from './seeded-random.js';
import { settled } from './turns.js';

/** Applied with this origin, a change counts as come from elsewhere. */
export const elsewhere = 'elsewhere';

export interface StoredRow {
  readonly key: number;
  readonly update: Uint8Array;
}

export class Device {
  readonly clock = createFakeClock();
  readonly locks = new MemoryLocks();
  readonly #random: SeededRandom;
  factory = new IDBFactory();

  constructor(random = new SeededRandom(1)) {
    this.#random = random;
    globalThis.indexedDB = this.factory;
  }

  get deps(): OfflineCopyDeps & { readonly timeoutMs: number } {
    return {
      factory: this.factory,
      clock: this.clock,
      random: () => this.#random.uint32() / 2 ** 32,
      locks: this.locks.tab(),
      timeoutMs: 5_000,
    };
  }

  get catalogue(): Catalogue {
    return new Catalogue(this.deps);
  }

  listed(): Promise<OfflineCopyInfo[]> {
    return this.catalogue.list();
  }

  tab(name = 'doc', changes: Partial<OfflineCopyDeps> = {}): Tab {
    return new Tab(name, { ...this.deps, ...changes });
  }

  /** A tab whose copy is loaded. */
  async opened(name = 'doc', changes: Partial<OfflineCopyDeps> = {}): Promise<Tab> {
    const tab = this.tab(name, changes);
    await tab.load();
    return tab;
  }

  /** Moves the clock on in small steps, and lets the database work after each. */
  async pass(ms: number, stepMs = 100): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(stepMs, left));
      await settled(30);
    }
  }

  async rows(name = 'doc'): Promise<StoredRow[]> {
    return this.within(name, async (rows) => {
      const [keys, values] = await Promise.all([result(rows.getAllKeys()), result(rows.getAll())]);
      return keys.map((key, i) => ({ key: key as number, update: values[i] as Uint8Array }));
    });
  }

  /** The document that the stored rows make. */
  async storedText(name = 'doc'): Promise<string> {
    const doc = new Y.Doc();
    for (const { update } of await this.rows(name)) Y.applyUpdate(doc, update);
    return doc.getText('text').toJSON();
  }

  /** One transaction over a database that is there, by a connection of its own. */
  async within<T>(
    name: string,
    work: (rows: IDBObjectStore, records: IDBObjectStore) => Promise<T>,
  ): Promise<T> {
    const database = await result(this.factory.open(name));
    try {
      const transaction = database.transaction(['updates', 'custom'], 'readwrite');
      return await work(transaction.objectStore('updates'), transaction.objectStore('custom'));
    } finally {
      database.close();
    }
  }
}

/** A document in a tab, with its copy. */
export class Tab {
  readonly doc = new Y.Doc();
  readonly copy: OfflineCopy;
  readonly locks: Locks & { kill?(): void };
  readonly errors: OfflineError[] = [];
  readonly saved: boolean[] = [];
  #isDead = false;

  constructor(name: string, deps: OfflineCopyDeps) {
    this.locks = deps.locks;
    this.copy = new OfflineCopy(name, deps);
    this.copy.on('error', (error) => this.errors.push(error));
    this.copy.on('saved', (isSaved) => this.saved.push(isSaved));
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (!this.#isDead && origin !== this) this.copy.add(update, origin !== elsewhere);
    });
  }

  get text(): string {
    return this.doc.getText('text').toJSON();
  }

  /** Loads the copy into the document. */
  async load(): Promise<LoadedCopy> {
    const loaded = await this.copy.load();
    if (loaded.update !== undefined) Y.applyUpdate(this.doc, loaded.update, this);
    return loaded;
  }

  type(text: string): void {
    const shared = this.doc.getText('text');
    shared.insert(shared.length, text);
  }

  /** Something of another tab's or of the server's. */
  receive(update: Uint8Array, position?: Position): void {
    Y.applyUpdate(this.doc, update, elsewhere);
    if (position !== undefined) this.copy.reached(position);
  }

  /** The tab is gone, without a word. */
  kill(): void {
    this.#isDead = true;
    this.locks.kill?.();
  }
}

/** An update that inserts the text into an otherwise empty document. */
export function updateOf(text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.getText('text').insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

export function textOf(updates: readonly (Uint8Array | undefined)[]): string {
  const doc = new Y.Doc();
  for (const update of updates) if (update !== undefined) Y.applyUpdate(doc, update);
  return doc.getText('text').toJSON();
}

export function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error ?? new Error('failed')));
  });
}
