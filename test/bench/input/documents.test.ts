// Documents have the size and the people that were asked for, and are what Yjs and the server take them for.

import * as Y from 'yjs';
import { describe, expect, test } from 'vitest';
import { documentOfClients, documentOfSize, largeDocument } from '../../../bench/input/documents.js';
import { CausalIndex } from '../../../server/crdt/causal-index.js';
import { splitUpdate } from '../../../server/crdt/split-update.js';
import { defaultLimits } from '../../../shared/limits.js';

function loaded(...updates: readonly Uint8Array[]): Y.Doc {
  const ydoc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(ydoc, update);
  expect([ydoc.store.pendingStructs, ydoc.store.pendingDs]).toEqual([null, null]);
  return ydoc;
}

/** Whether a server with its default bounds takes all of it. */
function expectTaken(...updates: readonly Uint8Array[]): void {
  const index = new CausalIndex(defaultLimits);
  for (const update of updates) {
    const verdict = index.judge(update);
    expect([verdict.outcome, verdict.isIncomplete]).toEqual(['new', false]);
    index.apply(verdict);
  }
}

describe('the large document', () => {
  const { update } = largeDocument({ seed: 3 });

  test('it is about 290 KB that several people have typed and corrected', () => {
    expect(Math.abs(update.length - 290_000)).toBeLessThan(15_000);
    const ydoc = loaded(update);
    expect(ydoc.store.clients.size).toBe(5);
    expect(ydoc.getText('text').length).toBeGreaterThan(50_000);
    const { structs, ds } = Y.decodeUpdate(update);
    expect(structs.length).toBeGreaterThan(5_000);
    expect(ds.clients.size).toBe(5);
    expectTaken(update);
  });

  test('H8 it is the same for the same seed', () => {
    expect(Buffer.compare(largeDocument({ seed: 3 }).update, update)).toBe(0);
    expect(Buffer.compare(largeDocument({ seed: 4 }).update, update)).not.toBe(0);
  });
});

describe('documents of a size', () => {
  test.each([10_000, 100_000, 1_000_000, 10_000_000])('%i bytes', (bytes) => {
    const update = documentOfSize(bytes, 5);
    expect(Math.abs(update.length - bytes)).toBeLessThan(bytes / 10);
    const ydoc = loaded(update);
    expect(ydoc.getText('text').length).toBeGreaterThan(bytes / 2);
    expect(ydoc.store.clients.size).toBeGreaterThan(0);
    expectTaken(update);
  });

  test('H8 the same seed makes the same document', () => {
    expect(Buffer.compare(documentOfSize(50_000, 5), documentOfSize(50_000, 5))).toBe(0);
    expect(Buffer.compare(documentOfSize(50_000, 5), documentOfSize(50_000, 6))).not.toBe(0);
  });
});

describe('documents of many client ids', () => {
  test.each([1, 2, 1_000])('%i client ids: what Yjs writes for the same text', (count) => {
    const update = documentOfClients(count, 9);
    const ydoc = loaded(update);
    expect(ydoc.store.clients.size).toBe(count);
    expect(ydoc.getText('text').toString().split(' ').length).toBe(count + 1);
    expect(Buffer.compare(Y.encodeStateAsUpdate(ydoc), update)).toBe(0);
    expectTaken(update);
  });

  test('a hundred thousand, in parts that a server takes', () => {
    const whole = documentOfClients(100_000, 9);
    expectTaken(...splitUpdate(whole, 100_000));
    expect(Y.decodeStateVector(Y.encodeStateVectorFromUpdate(whole)).size).toBe(100_000);
    expect(Buffer.compare(documentOfClients(100_000, 9), whole)).toBe(0);
  });
});
