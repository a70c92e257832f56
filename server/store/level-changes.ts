// What each change of documents writes, worked out when it is its turn. Owns what is known of documents between commits:
// where each stands, and which are quarantined.

import { StoreError } from '../errors.js';
import type { DocumentName } from '../../shared/document-name.js';
import { checkNextOffset } from './append-rules.js';
import { randomEpoch } from './data-directory.js';
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
} from './level-document.js';
import type { FoundDocument } from './level-document.js';
import { planKept } from './level-kept.js';
import type { DocumentItem } from './level-reads.js';
import { MetaCache } from './meta-cache.js';
import type { DocumentMeta } from './record-codec.js';
import type { Append, Checkpoint } from './store.js';

/** Every method but `load` and `committed` is called one at a time, and its operations are written before the next. */
export class DocumentChanges {
  readonly #database: LevelDatabase;
  readonly #metas = new MetaCache();
  /** D4: documents found damaged. Their bytes are left alone until they are deleted. */
  readonly #quarantined = new Map<DocumentName, StoreError>();

  constructor(database: LevelDatabase) {
    this.#database = database;
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

  /** Records to many documents: all of it or nothing. Epochs begin with that of the store. */
  async append(batch: readonly Append[], storeEpoch: string): Promise<readonly Operation[]> {
    await this.#knowMetas(batch.map(({ document }) => document));
    const operations: Operation[] = [];
    const changed = new Map<DocumentName, DocumentMeta>();
    for (const { document, records, epoch } of batch) {
      const before = changed.get(document) ?? this.#metas.get(document) ?? undefined;
      checkNextOffset(document, before, records[0]?.offset ?? 0);
      const plan = planAppend(document, before ?? newMeta(ownPart(epoch, storeEpoch)), records);
      for (const operation of plan.operations) operations.push(operation);
      changed.set(document, plan.meta);
    }
    // Only now, with the whole batch accepted: a refused one must leave no trace here either.
    for (const [document, meta] of changed) {
      this.#metas.set(document, meta);
      operations.push(putMeta(document, meta));
    }
    return operations;
  }

  /** D3: a checkpoint for the records it covers, of which those from `keepFrom` on are kept beside it. */
  async replace(
    document: DocumentName,
    checkpoint: Checkpoint,
    keepFrom: number,
  ): Promise<readonly Operation[]> {
    await this.#knowMetas([document]);
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
    await this.#knowMetas([item.document]);
    checkNextOffset(item.document, this.#metas.get(item.document) ?? undefined, 1);
    const plan = planCopy(item.document, newMeta(), item);
    const meta = { ...plan.meta, changedAt: item.changedAt };
    this.#metas.set(item.document, meta);
    return [...plan.operations, putMeta(item.document, meta)];
  }

  /** What was worked out is written and can be read back. */
  committed(): void {
    this.#metas.trim();
  }

  /** Reads what is not known yet. Throws DOCUMENT_CORRUPT for a document that is damaged. */
  async #knowMetas(documents: readonly DocumentName[]): Promise<void> {
    const unknown = new Set<DocumentName>();
    for (const document of documents) {
      this.#assertSound(document);
      if (this.#metas.get(document) === undefined) unknown.add(document);
    }
    if (unknown.size > 0) await Promise.all(Array.from(unknown, (document) => this.#readMeta(document)));
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
