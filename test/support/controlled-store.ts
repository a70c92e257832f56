// A store in memory that a test can watch, hold up and break.

import { createMemoryStore } from '../../server/store/memory-store.js';
import type {
  Append,
  AppendOutcome,
  Checkpoint,
  DocumentStore,
  ListOptions,
  LogRecord,
  StoredDocument,
} from '../../server/store/store.js';
import type { DocumentName } from '../../shared/document-name.js';

type Operation = 'append' | 'load' | 'replace' | 'loadKept' | 'setStates';

export class ControlledStore implements DocumentStore {
  /** What is kept, past all control. */
  readonly kept: DocumentStore;
  /** Every batch that was handed in. */
  readonly batches: (readonly Append[])[] = [];
  readonly loads: DocumentName[] = [];
  readonly replaced: { readonly document: DocumentName; readonly checkpoint: Checkpoint }[] = [];
  /** After which offsets kept records were asked for. */
  readonly keptLoads: number[] = [];
  /** Errors that the next calls reject with, without doing anything. */
  readonly failures = new Map<Operation, unknown>();
  /** What the next appends answer, without doing anything. */
  outcomes: (readonly AppendOutcome[])[] = [];
  /** Called before each operation: what it returns is waited for. */
  delay: (operation: Operation) => Promise<void> | undefined = () => undefined;
  /** Called in place of what is kept. */
  loadInstead: ((document: DocumentName) => StoredDocument | undefined) | undefined;
  /** Appends that have been handed in and not answered; the most there were at once. */
  mostAppendsAtOnce = 0;
  #appending = 0;
  readonly #held = new Set<Operation>();
  readonly #waiting = new Map<Operation, (() => void)[]>();

  constructor(kept: DocumentStore = createMemoryStore()) {
    this.kept = kept;
  }

  /** From now on calls wait until they are released. */
  hold(operation: Operation): void {
    this.#held.add(operation);
  }

  /** Lets go of what waits; later calls do not wait. */
  release(operation: Operation): void {
    this.#held.delete(operation);
    for (const go of this.#waiting.get(operation)?.splice(0) ?? []) go();
  }

  /** Lets go of what waits; later calls wait. */
  releaseOnce(operation: Operation): void {
    for (const go of this.#waiting.get(operation)?.splice(0) ?? []) go();
  }

  waitingFor(operation: Operation): number {
    return this.#waiting.get(operation)?.length ?? 0;
  }

  newEpoch(): string {
    return this.kept.newEpoch();
  }

  async append(batch: readonly Append[]): Promise<readonly AppendOutcome[]> {
    this.batches.push(batch);
    this.mostAppendsAtOnce = Math.max(this.mostAppendsAtOnce, ++this.#appending);
    try {
      await this.#pass('append');
      return this.outcomes.shift() ?? (await this.kept.append(batch));
    } finally {
      this.#appending--;
    }
  }

  async load(document: DocumentName): Promise<StoredDocument | undefined> {
    this.loads.push(document);
    await this.#pass('load');
    return this.loadInstead === undefined ? this.kept.load(document) : this.loadInstead(document);
  }

  async replace(document: DocumentName, checkpoint: Checkpoint, keepFrom?: number): Promise<void> {
    await this.#pass('replace');
    await this.kept.replace(document, checkpoint, keepFrom);
    this.replaced.push({ document, checkpoint });
  }

  async loadKept(document: DocumentName, after: number): Promise<readonly LogRecord[]> {
    this.keptLoads.push(after);
    await this.#pass('loadKept');
    return this.kept.loadKept(document, after);
  }

  delete(document: DocumentName): Promise<void> {
    return this.kept.delete(document);
  }

  list(options?: ListOptions): ReturnType<DocumentStore['list']> {
    return this.kept.list(options);
  }

  getState(key: string): Promise<Uint8Array | undefined> {
    return this.kept.getState(key);
  }

  setState(key: string, value: Uint8Array | undefined): Promise<void> {
    return this.kept.setState(key, value);
  }

  async setStates(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    await this.#pass('setStates');
    return this.kept.setStates(changes);
  }

  listState(prefix: string): ReturnType<DocumentStore['listState']> {
    return this.kept.listState(prefix);
  }

  close(): Promise<void> {
    return this.kept.close();
  }

  async #pass(operation: Operation): Promise<void> {
    await this.delay(operation);
    if (this.#held.has(operation)) {
      await new Promise<void>((resolve) => {
        const waiting = this.#waiting.get(operation) ?? [];
        this.#waiting.set(operation, waiting);
        waiting.push(resolve);
      });
    }
    const failure = this.failures.get(operation);
    this.failures.delete(operation);
    if (failure !== undefined) throw failure;
  }
}
