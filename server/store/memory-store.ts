// A store that keeps nothing: for tests and for a server that need not remember (`--memory`). Same contract as LevelDB.

import { randomBytes } from 'node:crypto';
import { StoreError } from '../errors.js';
import type { DocumentName } from '../../shared/document-name.js';
import {
  checkAppends,
  checkCheckpoint,
  checkCheckpointOffset,
  countRepeated,
  withoutRepeated,
} from './append-rules.js';
import type {
  Append,
  AppendOutcome,
  Checkpoint,
  DocumentStore,
  DocumentSummary,
  ListOptions,
  LogRecord,
  StoredDocument,
} from './store.js';

interface MemoryDocument {
  readonly epoch: string;
  checkpoint: Checkpoint | undefined;
  /** Up to the checkpoint. */
  kept: LogRecord[];
  /** After the checkpoint. */
  records: LogRecord[];
  lastOffset: number;
  changedAt: number;
}

/** An empty store that lives as long as the object. */
export function createMemoryStore(): DocumentStore {
  return new MemoryStore();
}

class MemoryStore implements DocumentStore {
  readonly #documents = new Map<DocumentName, MemoryDocument>();
  readonly #states = new Map<string, Uint8Array>();
  #isClosed = false;

  newEpoch(): string {
    return randomBytes(12).toString('base64url');
  }

  async append(batch: readonly Append[]): Promise<readonly AppendOutcome[]> {
    this.#assertOpen();
    checkAppends(batch);
    return batch.map((append) => this.#append(append));
  }

  async load(document: DocumentName): Promise<StoredDocument | undefined> {
    this.#assertOpen();
    const stored = this.#documents.get(document);
    if (!stored) return undefined;
    return {
      epoch: stored.epoch,
      checkpoint: stored.checkpoint && withOwnBytes(stored.checkpoint),
      records: stored.records.map(withOwnBytes),
    };
  }

  async replace(
    document: DocumentName,
    checkpoint: Checkpoint,
    keepFrom = checkpoint.offset + 1,
  ): Promise<void> {
    this.#assertOpen();
    checkCheckpoint(document, checkpoint, keepFrom);
    const known = this.#documents.get(document);
    const stored = known ?? this.#create(document, checkpoint.offset, checkpoint.time);
    const checkpointOffset = stored.checkpoint?.offset;
    checkCheckpointOffset(document, { lastOffset: stored.lastOffset, checkpointOffset }, checkpoint.offset);
    stored.checkpoint = checkpoint;
    const covered = stored.records.filter(({ offset }) => offset <= checkpoint.offset);
    stored.kept = [...stored.kept, ...covered].filter(({ offset }) => offset >= keepFrom);
    stored.records = stored.records.filter(({ offset }) => offset > checkpoint.offset);
  }

  async loadKept(document: DocumentName, after: number): Promise<readonly LogRecord[]> {
    this.#assertOpen();
    const kept = this.#documents.get(document)?.kept ?? [];
    return kept.filter(({ offset }) => offset > after).map(withOwnBytes);
  }

  async delete(document: DocumentName): Promise<void> {
    this.#assertOpen();
    this.#documents.delete(document);
  }

  async list({ prefix = '', after, limit = Infinity }: ListOptions = {}): Promise<DocumentSummary[]> {
    this.#assertOpen();
    return [...this.#documents]
      .filter(([name]) => name.startsWith(prefix) && (after === undefined || inByteOrder(name, after) > 0))
      .sort(([left], [right]) => inByteOrder(left, right))
      .slice(0, limit)
      .map(([document, stored]) => summarize(document, stored));
  }

  async getState(key: string): Promise<Uint8Array | undefined> {
    this.#assertOpen();
    return this.#states.get(key)?.slice();
  }

  async setState(key: string, value: Uint8Array | undefined): Promise<void> {
    this.#assertOpen();
    this.#putState(key, value);
  }

  async setStates(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    this.#assertOpen();
    for (const [key, value] of changes) this.#putState(key, value);
  }

  async *listState(prefix: string): AsyncGenerator<readonly [string, Uint8Array]> {
    this.#assertOpen();
    const keys = [...this.#states.keys()].filter((key) => key.startsWith(prefix)).sort(inByteOrder);
    for (const key of keys) {
      const value = this.#states.get(key)?.slice();
      if (value !== undefined) yield [key, value];
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#documents.clear();
    this.#states.clear();
  }

  #putState(key: string, value: Uint8Array | undefined): void {
    if (value === undefined) this.#states.delete(key);
    else this.#states.set(key, value);
  }

  #append(append: Append): AppendOutcome {
    const known = this.#documents.get(append.document);
    let fresh: readonly LogRecord[];
    try {
      const repeated = countRepeated(append, known?.lastOffset ?? 0);
      fresh = withoutRepeated(append, repeated, known?.records ?? []);
    } catch (error) {
      if (error instanceof StoreError) return { kind: 'failed', error };
      throw error;
    }
    const stored = known ?? this.#create(append.document, 0, 0, append.epoch);
    for (const record of fresh) {
      stored.records.push(record);
      stored.lastOffset = record.offset;
      stored.changedAt = record.time;
    }
    return { kind: 'stored', epoch: stored.epoch, lastOffset: append.records.at(-1)?.offset ?? 0 };
  }

  #create(
    document: DocumentName,
    lastOffset: number,
    changedAt: number,
    epoch = this.newEpoch(),
  ): MemoryDocument {
    const nothing = { checkpoint: undefined, kept: [], records: [] };
    const created: MemoryDocument = { epoch, ...nothing, lastOffset, changedAt };
    this.#documents.set(document, created);
    return created;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new StoreError('STORE_CLOSED', 'the store is closed');
  }
}

function summarize(document: DocumentName, stored: MemoryDocument): DocumentSummary {
  let bytes = stored.checkpoint?.update.byteLength ?? 0;
  for (const record of stored.records) bytes += record.update.byteLength;
  const { lastOffset, changedAt } = stored;
  return { document, lastOffset, bytes, records: stored.records.length, changedAt };
}

function withOwnBytes<T extends { readonly update: Uint8Array }>(item: T): T {
  return { ...item, update: new Uint8Array(item.update) };
}

function inByteOrder(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
