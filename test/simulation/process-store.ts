// The store as one server process sees it: slow, at fault now and then, and gone with the process. What it was asked for
// and had not answered by then is done, done in part, or not done.

import { StoreError } from '../../server/errors.js';
import type {
  Append,
  AppendOutcome,
  Checkpoint,
  DocumentStore,
  ListOptions,
  LogRecord,
  StoredDocument,
} from '../../server/store/store.js';
import type { Clock } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import type { SeededRandom } from '../support/seeded-random.js';
import type { Bounds } from './bounds.js';
import type { Disk } from './disk.js';
import type { Timeline } from './timeline.js';

/** How the disk behaves now. */
export interface DiskMood {
  /** The longest that a call takes, ms. */
  slowestMs: number;
  /** So many of the next loads fail, as of a disk that is away for a moment. */
  failingLoads: number;
  /** So many of the next appends are not answered: what they bring is written all the same, or is not. */
  lostAnswers: number;
  /** The next append fails for good. */
  isFatal: boolean;
}

/** What was not answered for and is written all the same is written within this time, ms. */
const latestMs = 3_000;

/** A write that is not done. */
type Work =
  | { readonly kind: 'append'; readonly batch: readonly Append[] }
  | { readonly kind: 'state'; readonly changes: ReadonlyMap<string, Uint8Array | undefined> };

export class ProcessStore implements DocumentStore {
  /** The store has told the server that nothing works any more. */
  hasFailed = false;
  readonly #disk: Disk;
  readonly #bounds: Bounds;
  readonly #clock: Clock;
  readonly #timeline: Timeline;
  readonly #random: SeededRandom;
  readonly #mood: DiskMood;
  readonly #hasLateWrites: boolean;
  /** Writes of records and of state that are not done, oldest first: they reach the disk in this order (S19). */
  readonly #underWay = new Set<Work>();
  /** Batches that were not answered for, and may be written yet, oldest first. */
  readonly #late = new Set<readonly Append[]>();
  #tail: Promise<void> = Promise.resolve();
  #isGone = false;

  constructor(deps: {
    disk: Disk;
    bounds: Bounds;
    clock: Clock;
    timeline: Timeline;
    random: SeededRandom;
    mood: DiskMood;
    hasLateWrites: boolean;
  }) {
    this.#disk = deps.disk;
    this.#bounds = deps.bounds;
    this.#clock = deps.clock;
    this.#timeline = deps.timeline;
    this.#random = deps.random;
    this.#mood = deps.mood;
    this.#hasLateWrites = deps.hasLateWrites;
  }

  /** Of something that was given to it nobody knows whether it is written. */
  get isUncertain(): boolean {
    return this.#late.size > 0;
  }

  newEpoch(): string {
    return this.#disk.newEpoch();
  }

  async append(batch: readonly Append[]): Promise<readonly AppendOutcome[]> {
    this.#assertUp();
    this.#bounds.checkBatch(batch);
    const work: Work = { kind: 'append', batch };
    return this.#inTurn(work, () => this.#append(batch, work));
  }

  async load(document: DocumentName): Promise<StoredDocument | undefined> {
    await this.#pass();
    if (this.#mood.failingLoads > 0) {
      this.#mood.failingLoads--;
      this.#timeline.log(`the store cannot read ${document}`);
      throw new StoreError('STORE_IO', 'the disk is away');
    }
    this.#assertSound(document);
    return this.#disk.kept.load(document);
  }

  async replace(document: DocumentName, checkpoint: Checkpoint, keepFrom?: number): Promise<void> {
    await this.#pass();
    this.#assertSound(document);
    await this.#disk.kept.replace(document, checkpoint, keepFrom);
    const kept = await this.#disk.kept.loadKept(document, 0);
    this.#bounds.checkKept(
      document,
      kept.reduce((sum, { update }) => sum + update.length, 0),
    );
    this.#timeline.log(`checkpoint of ${document} at ${checkpoint.offset}`);
  }

  async loadKept(document: DocumentName, after: number): Promise<readonly LogRecord[]> {
    await this.#pass();
    this.#assertSound(document);
    return this.#disk.kept.loadKept(document, after);
  }

  async delete(document: DocumentName): Promise<void> {
    await this.#pass();
    await this.#disk.kept.delete(document);
  }

  async list(options?: ListOptions): ReturnType<DocumentStore['list']> {
    await this.#pass();
    return this.#disk.kept.list(options);
  }

  async getState(key: string): Promise<Uint8Array | undefined> {
    await this.#pass();
    return this.#disk.kept.getState(key);
  }

  setState(key: string, value: Uint8Array | undefined): Promise<void> {
    return this.setStates(new Map([[key, value]]));
  }

  async *listState(prefix: string): AsyncGenerator<readonly [string, Uint8Array]> {
    await this.#pass();
    yield* this.#disk.kept.listState(prefix);
  }

  async setStates(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    this.#assertUp();
    const work: Work = { kind: 'state', changes };
    return this.#inTurn(work, async () => {
      await this.#pass();
      this.#underWay.delete(work);
      await this.#disk.kept.setStates(changes);
    });
  }

  /** The disk stays. */
  async close(): Promise<void> {
    await this.#tail;
    this.#isGone = true;
    await this.#decideLate();
  }

  /** The process has died. Of what was under way, writes reach the disk in order up to one; of that one, some documents. */
  async crash(): Promise<void> {
    this.#isGone = true;
    await this.#decideLate();
    for (const work of this.#underWay) {
      if (this.#random.chance(0.5)) return;
      if (work.kind === 'state') {
        await this.#disk.kept.setStates(work.changes);
        continue;
      }
      const { batch } = work;
      const isWhole = this.#random.chance(0.6);
      const reached = isWhole ? batch : batch.filter(() => this.#random.chance(0.5));
      const sound = reached.filter(({ document }) => !this.#disk.damaged.has(document));
      const outcomes = sound.length === 0 ? [] : await this.#disk.append(sound);
      const count = outcomes.filter(({ kind }) => kind === 'stored').length;
      this.#timeline.log(`of the batch under way ${count} of ${batch.length} documents were written`);
      if (!isWhole) return;
    }
  }

  #inTurn<T>(work: Work, run: () => Promise<T>): Promise<T> {
    this.#underWay.add(work);
    const done = this.#tail.then(run);
    this.#tail = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  async #append(batch: readonly Append[], work: Work): Promise<readonly AppendOutcome[]> {
    await this.#wait();
    if (this.#mood.isFatal) {
      this.#mood.isFatal = false;
      this.hasFailed = true;
      this.#timeline.log('the store fails for good');
    }
    this.#assertUp();
    this.#underWay.delete(work);
    const isLost = this.#mood.lostAnswers > 0;
    if (isLost) this.#mood.lostAnswers--;
    if (isLost && this.#hasLateWrites && this.#random.chance(0.5)) {
      this.#late.add(batch);
      this.#clock.after(this.#random.int(latestMs), () => void this.#writeLate(batch));
      throw this.#away('it may be written yet');
    }
    if (isLost && this.#random.chance(0.5)) throw this.#away('nothing was written');
    const outcomes = await this.#appendSound(batch);
    if (isLost) throw this.#away('all was written');
    const what = batch.map(({ document, records }) => `${document}:${records.at(-1)?.offset}`).join(' ');
    this.#timeline.log(`durable ${what}`);
    return outcomes;
  }

  /** The same records may have been written meanwhile, when they were given to it again. */
  async #writeLate(batch: readonly Append[]): Promise<void> {
    if (!this.#late.delete(batch)) return;
    const outcomes = await this.#appendSound(batch);
    const count = outcomes.filter(({ kind }) => kind === 'stored').length;
    this.#timeline.log(`what was not answered for is written: ${count} of ${batch.length} documents`);
  }

  /** Nothing is written later any more: a store lets the next server in when that is so, as LevelDB's lock does. */
  async #decideLate(): Promise<void> {
    for (const batch of this.#late)
      if (this.#random.chance(0.5)) await this.#writeLate(batch);
      else this.#late.delete(batch);
  }

  /** A damaged document fails alone. */
  async #appendSound(batch: readonly Append[]): Promise<readonly AppendOutcome[]> {
    const outcomes: AppendOutcome[] = [];
    for (const append of batch) {
      if (this.#disk.damaged.has(append.document))
        outcomes.push({ kind: 'failed', error: this.#damage(append.document) });
      else outcomes.push(...(await this.#disk.append([append])));
    }
    return outcomes;
  }

  #away(what: string): StoreError {
    this.#timeline.log(`the store does not answer; ${what}`);
    return new StoreError('STORE_AWAY', 'the store does not answer');
  }

  async #pass(): Promise<void> {
    this.#assertUp();
    await this.#wait();
    this.#assertUp();
  }

  /** Never ends when the process has died. */
  async #wait(): Promise<void> {
    const ms = this.#random.int(this.#mood.slowestMs + 1);
    if (ms > 0) await new Promise<void>((resolve) => void this.#clock.after(ms, resolve));
    if (this.#isGone) await new Promise(() => {});
  }

  #assertUp(): void {
    if (this.#isGone) throw new StoreError('STORE_CLOSED', 'the store is closed');
    if (this.hasFailed) throw new StoreError('STORE_IO', 'the disk has failed');
  }

  #assertSound(document: DocumentName): void {
    if (this.#disk.damaged.has(document)) throw this.#damage(document);
  }

  #damage(document: DocumentName): StoreError {
    return new StoreError('DOCUMENT_CORRUPT', `a record of ${document} is damaged`);
  }
}
