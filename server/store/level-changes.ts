// What each change of documents writes, worked out when it is its turn. Owns what is known of documents between commits:
// where each stands, and which are quarantined.

import { StoreError } from '../errors.js';
import type { DocumentName } from '../../shared/document-name.js';
import { conflict, countRepeated, withoutRepeated } from './append-rules.js';
import { randomEpoch } from './data-directory.js';
import { toStoreError } from './disk-errors.js';
import type { LevelDatabase, Operation } from './level-database.js';
import {
  assertAbsent,
  planAppend,
  planCopy,
  planDelete,
  planReplace,
  putMeta,
  readDocument,
  readMeta,
  readRecords,
} from './level-document.js';
import type { FoundDocument } from './level-document.js';
import { planKept } from './level-kept.js';
import type { DocumentItem } from './level-reads.js';
import { MetaCache } from './meta-cache.js';
import type { DocumentMeta } from './record-codec.js';
import type { Append, AppendOutcome, Checkpoint, LogRecord } from './store.js';

/** What a batch writes, and what becomes of each append when that is written. */
export interface PlannedAppends {
  readonly operations: readonly Operation[];
  readonly outcomes: readonly AppendOutcome[];
}

/** Every method but `load` and `committed` is called one at a time, and its operations are written before the next. */
export class DocumentChanges {
  readonly #database: LevelDatabase;
  readonly #directory: string;
  readonly #metas = new MetaCache();
  /** D4: documents found damaged. Their bytes are left alone until they are deleted. */
  readonly #quarantined = new Map<DocumentName, StoreError>();
  /** Appends that were worked out and are not written yet: they cannot be read back. */
  #unwritten: Append[] = [];

  /** `directory` is what errors name. */
  constructor(database: LevelDatabase, directory: string) {
    this.#database = database;
    this.#directory = directory;
  }

  /** Reads a document, and remembers where it stands or that it is damaged. */
  async load(document: DocumentName): Promise<FoundDocument | undefined> {
    this.#assertSound(document);
    const generation = this.#metas.generation;
    const snapshot = this.#database.snapshot();
    try {
      const found = await readDocument(this.#database, document, snapshot);
      this.#metas.learn(document, found?.meta ?? null, generation);
      return found;
    } catch (error) {
      throw this.#quarantine(document, error);
    } finally {
      await snapshot.close();
    }
  }

  /** Records to many documents. What cannot be taken fails alone, and leaves no trace. Epochs begin with the store's. */
  async append(batch: readonly Append[], storeEpoch: string): Promise<PlannedAppends> {
    const failures = await this.#learnMetas(batch);
    const operations: Operation[] = [];
    const outcomes: AppendOutcome[] = [];
    const changed = new Set<DocumentName>();
    for (const append of batch) {
      const { document, records, epoch } = append;
      try {
        if (failures?.has(document) === true) throw failures.get(document);
        this.#assertSound(document);
        const before = this.#metas.get(document) ?? newMeta(ownPart(epoch, storeEpoch));
        const repeated = countRepeated(append, before.lastOffset);
        const fresh = repeated === 0 ? records : await this.#withoutRepeated(append, repeated);
        if (fresh.length > 0) {
          const plan = planAppend(document, before, fresh);
          for (const operation of plan.operations) operations.push(operation);
          this.#metas.set(document, plan.meta);
          this.#unwritten.push(append);
          changed.add(document);
        }
        const lastOffset = records.at(-1)?.offset ?? 0;
        outcomes.push({ kind: 'stored', epoch: `${storeEpoch}${before.epoch}`, lastOffset });
      } catch (error) {
        outcomes.push({ kind: 'failed', error: toStoreError(error, this.#directory) });
      }
    }
    for (const document of changed) {
      const meta = this.#metas.get(document);
      if (meta) operations.push(putMeta(document, meta));
    }
    return { operations, outcomes };
  }

  /** D3: a checkpoint for the records it covers, of which those from `keepFrom` on are kept beside it. */
  async replace(
    document: DocumentName,
    checkpoint: Checkpoint,
    keepFrom: number,
  ): Promise<readonly Operation[]> {
    await this.#knowMeta(document);
    const { offset, time } = checkpoint;
    const before = this.#metas.get(document) ?? { ...newMeta(), lastOffset: offset, changedAt: time };
    try {
      const { operations, meta } = await planReplace(this.#database, document, before, checkpoint);
      const moved = { after: before.checkpointOffset ?? 0, upTo: offset, keepFrom };
      const keeping = await planKept(this.#database, document, moved);
      this.#metas.set(document, meta);
      return [...operations, ...keeping, putMeta(document, meta)];
    } catch (error) {
      throw this.#quarantine(document, error);
    }
  }

  /** Also the way out of quarantine. */
  async delete(document: DocumentName): Promise<readonly Operation[]> {
    const operations = await planDelete(this.#database, document);
    this.#metas.set(document, null);
    this.#quarantined.delete(document);
    return operations;
  }

  /** A document from a backup. */
  async put(item: DocumentItem): Promise<readonly Operation[]> {
    await this.#knowMeta(item.document);
    if (this.#metas.get(item.document)) throw conflict(item.document, 'is there already');
    const plan = planCopy(item.document, newMeta(), item);
    const meta = { ...plan.meta, changedAt: item.changedAt };
    this.#metas.set(item.document, meta);
    return [...plan.operations, putMeta(item.document, meta)];
  }

  /** What was worked out is written and can be read back. */
  committed(): void {
    this.#metas.trim();
    this.#unwritten = [];
  }

  /** Reads where documents stand, of those it is not known of. Returns for which of them that failed; undefined for none. */
  async #learnMetas(batch: readonly Append[]): Promise<Map<DocumentName, unknown> | undefined> {
    const unknown = new Set<DocumentName>();
    for (const { document } of batch) if (this.#metas.get(document) === undefined) unknown.add(document);
    if (unknown.size === 0) return undefined;
    const failures = new Map<DocumentName, unknown>();
    const learn = (document: DocumentName): Promise<unknown> =>
      this.#knowMeta(document).catch((error: unknown) => failures.set(document, error));
    await Promise.all(Array.from(unknown, learn));
    return failures;
  }

  /** Throws DOCUMENT_CORRUPT for a document that is damaged. */
  async #knowMeta(document: DocumentName): Promise<void> {
    this.#assertSound(document);
    if (this.#metas.get(document) === undefined) await this.#readMeta(document);
  }

  /** The records of an append that are not stored yet. Throws StoreError when the first are not those that are. */
  async #withoutRepeated(append: Append, repeated: number): Promise<readonly LogRecord[]> {
    const { document, records } = append;
    const [from, upTo] = [records[0]?.offset ?? 0, records[repeated - 1]?.offset ?? 0];
    try {
      const stored = await readRecords(this.#database, document, from, upTo);
      for (const unwritten of this.#unwritten)
        if (unwritten.document === document) stored.push(...unwritten.records);
      return withoutRepeated(append, repeated, stored);
    } catch (error) {
      throw this.#quarantine(document, error);
    }
  }

  async #readMeta(document: DocumentName): Promise<void> {
    const database = this.#database;
    try {
      const meta = await readMeta(database, document);
      if (!meta) await assertAbsent(database, document);
      this.#metas.set(document, meta ?? null);
    } catch (error) {
      throw this.#quarantine(document, error);
    }
  }

  #quarantine(document: DocumentName, error: unknown): unknown {
    if (error instanceof StoreError && error.code === 'DOCUMENT_CORRUPT')
      this.#quarantined.set(document, error);
    return error;
  }

  #assertSound(document: DocumentName): void {
    const error = this.#quarantined.get(document);
    if (error) throw error;
  }
}

function newMeta(epoch = randomEpoch()): DocumentMeta {
  return { epoch, lastOffset: 0, checkpointOffset: undefined, bytes: 0, records: 0, changedAt: 0 };
}

/** What is kept of an epoch that was handed out: the store's part is added again when it is read. */
function ownPart(epoch: string | undefined, storeEpoch: string): string | undefined {
  return epoch?.startsWith(storeEpoch) === true ? epoch.slice(storeEpoch.length) : undefined;
}
