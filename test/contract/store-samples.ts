// What the store contract suite is made of: names, records and bytes that are the same on every run, and assertions.

import assert from 'node:assert/strict';
import type { DocumentName } from '../../shared/document-name.js';
import type {
  Append,
  AppendOutcome,
  Checkpoint,
  DocumentStore,
  LogRecord,
} from '../../server/store/store.js';

/** Where a store can be opened; empty at first. */
export interface StorePlace {
  /** A second call, after the first store was closed, finds what it left, unless the adapter keeps nothing. */
  open(): Promise<DocumentStore>;
  remove(): Promise<void>;
}

/** Declares one test with a store of its own, closed and removed afterwards. */
export type Test = (title: string, body: (store: DocumentStore, place: StorePlace) => Promise<void>) => void;

/** A name as it is, also where parseDocumentName would refuse it. */
export function named(name: string): DocumentName {
  return name as DocumentName;
}

/** A record whose bytes, time and author follow from its offset. */
export function record(offset: number, rest: Partial<LogRecord> = {}): LogRecord {
  return {
    offset,
    time: 1000 + Math.abs(Math.trunc(offset) || 0),
    author: `author ${offset % 3}`,
    update: bytes(20, offset),
    ...rest,
  };
}

/** Consecutive records. */
export function records(first: number, count: number): LogRecord[] {
  return Array.from({ length: count }, (_, index) => record(first + index));
}

/** An append of consecutive records. */
export function append(document: string, first: number, count: number): Append {
  return { document: named(document), records: records(first, count) };
}

/** A checkpoint whose bytes follow from its offset. */
export function checkpoint(offset: number): Checkpoint {
  return { offset, time: 2000 + offset, update: bytes(50, offset) };
}

/** Bytes that differ from place to place and from seed to seed. */
export function bytes(length: number, seed: number): Uint8Array {
  const result = new Uint8Array(length);
  for (let index = 0; index < length; index += 1)
    result[index] = (index * 31 + seed * 17 + (index >> 8)) & 0xff;
  return result;
}

/** UTF-8 bytes. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Adapters may hand out Buffers and views: only the bytes count. */
export function own(value: Uint8Array | undefined): Uint8Array | undefined {
  return value && new Uint8Array(value);
}

/** The same item with its bytes as a plain Uint8Array. */
export function plain<T extends { readonly update: Uint8Array }>(item: T): T {
  return { ...item, update: new Uint8Array(item.update) };
}

/** Offsets of the records that are loaded. */
export async function offsets(store: DocumentStore, document: string): Promise<number[]> {
  const stored = await store.load(named(document));
  return (stored?.records ?? []).map((item) => item.offset);
}

/** Names that are listed. */
export async function names(
  store: DocumentStore,
  options?: Parameters<DocumentStore['list']>[0],
): Promise<string[]> {
  return (await store.list(options)).map((summary) => summary.document);
}

/** No gap from the checkpoint on, and at least up to `floor`. */
export function assertContiguous(
  stored: { checkpoint?: Checkpoint | undefined; records: readonly LogRecord[] },
  floor: number,
): void {
  let expected = (stored.checkpoint?.offset ?? 0) + 1;
  for (const item of stored.records) {
    assert.equal(item.offset, expected);
    expected += 1;
  }
  assert.ok(expected > floor, `loaded up to ${expected - 1}, ${floor} was acknowledged`);
}

/** Appends, and expects every document of the batch to be stored. */
export async function appendAll(store: DocumentStore, batch: readonly Append[]): Promise<void> {
  const outcomes = await store.append(batch);
  assert.equal(outcomes.length, batch.length);
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.kind === 'failed') throw outcome.error;
    assert.equal(outcome.lastOffset, batch[i]?.records.at(-1)?.offset);
    assert.match(outcome.epoch, /./);
  }
}

/** What became of the appends of a batch: `stored`, or the code of the error. */
export async function kindsOf(outcomes: Promise<readonly AppendOutcome[]>): Promise<string[]> {
  return (await outcomes).map((outcome) => {
    if (outcome.kind === 'stored') return 'stored';
    assert.equal(outcome.error.name, 'StoreError');
    return outcome.error.code;
  });
}

/** By name, not by class: an adapter may come with its own copy of the class. */
export async function rejectsWithStoreError(promise: Promise<unknown>, code?: string): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof Error && error.name === 'StoreError', String(error));
    if (code !== undefined) assert.equal((error as Error & { code?: string }).code, code);
    return true;
  });
}

/** Order of the UTF-8 bytes. */
export function inByteOrder(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

/** mulberry32: the same order of calls on every run. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
