// Every known hostile update, and random damage to good ones: refused, blocked or harmless, in bounded time.

import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { SyncError } from '../../../shared/errors.js';
import { defaultLimits } from '../../../shared/limits.js';
import { CausalIndex } from '../../../server/crdt/causal-index.js';
import { loaded, makeHistory, Random } from '../../support/histories.js';
import { hostileUpdates, seedUpdate, VICTIM } from './hostile-updates.js';

const isVictim = (client: number): boolean => client === VICTIM;

function stateOf(index: CausalIndex): unknown {
  return [index.stateVector(), index.deletes(), index.clientCount, index.memoryBytes];
}

/** Loads the log, edits, encodes, reloads: what a later user of the document does. */
function useAsDocument(log: readonly Uint8Array[]): void {
  const doc = loaded(log);
  doc.getText('text').insert(0, 'edit');
  const state = Y.encodeStateAsUpdate(doc);
  expect(Y.encodeStateVector(loaded([state]))).toEqual(Y.encodeStateVector(doc));
  Y.mergeUpdates([...log]);
  doc.toJSON();
}

/** What becomes of an update: the error it is refused with, or the verdict's outcome. */
function outcomeOf(index: CausalIndex, update: Uint8Array): { outcome: string; taken?: Uint8Array } {
  try {
    const verdict = index.judge(update, isVictim);
    if (verdict.outcome !== 'new') return { outcome: verdict.outcome };
    index.apply(verdict);
    return { outcome: 'new', taken: verdict.update };
  } catch (error) {
    if (error instanceof SyncError) return { outcome: 'refused' };
    throw error;
  }
}

describe('a hostile update', () => {
  it.each(hostileUpdates)('O1, C2: $name ($expectation)', ({ name, build, expectation }) => {
    const index = new CausalIndex(defaultLimits);
    const log = [seedUpdate()];
    index.apply(index.judge(seedUpdate()));
    const updates = build();
    const last = updates.pop()!;
    for (const update of updates) log.push(outcomeOf(index, update).taken!);
    const before = stateOf(index);
    const start = performance.now();
    const { outcome, taken } = outcomeOf(index, last);
    expect(performance.now() - start).toBeLessThan(1500);
    const isTaken = expectation === 'harmless' || expectation === 'costly';
    expect(outcome).toMatch(isTaken ? /^(new|known)$/ : expectation);
    // What takes nothing changes nothing.
    expect(taken === undefined ? stateOf(index) : before).toEqual(before);
    // Y.Doc itself is slow with the largest; they load like the others of their kind.
    if (expectation !== 'costly' && !/10 000|100 000/.test(name))
      useAsDocument([...log, ...(taken ? [taken] : [])]);
  });

  it('O1: a truncated update is refused wherever it ends', () => {
    for (const update of [seedUpdate(), ...makeHistory(3, { steps: 30 }).overlaps]) {
      for (let length = 0; length < update.length; length++) {
        const index = new CausalIndex(defaultLimits);
        expect(() => index.judge(update.slice(0, length))).toThrow(SyncError);
      }
    }
  });

  it('O2: limits of the document hold across updates', () => {
    const limits = { ...defaultLimits, maxClientsPerDocument: 3, maxRootTypes: 6, maxSubdocuments: 2 };
    const index = new CausalIndex(limits);
    const codes: string[] = [];
    for (let i = 0; i < 5; i++) {
      const doc = new Y.Doc();
      doc.getMap(`a${i}`).set('k', 1);
      doc.getMap(`b${i}`).set('k', new Y.Doc());
      try {
        index.apply(index.judge(Y.encodeStateAsUpdate(doc)));
        codes.push('taken');
      } catch (error) {
        codes.push((error as SyncError).message);
      }
    }
    expect(codes).toEqual(['taken', 'taken', ...Array(3).fill('DOCUMENT_TOO_LARGE: subdocuments')]);
  });
});

/** Flips, inserts, removes or copies some bytes. */
function damaged(update: Uint8Array, random: Random): Uint8Array {
  const bytes = [...update];
  const count = 1 + random.int(3);
  for (let i = 0; i < count; i++) {
    const at = random.int(bytes.length);
    const action = random.int(4);
    if (action === 0) bytes[at] = random.int(256);
    else if (action === 1) bytes[at] = (bytes[at]! + random.pick([1, -1, 128, 64, 32])) & 255;
    else if (action === 2) bytes.splice(at, random.int(4));
    else bytes.splice(at, 0, ...bytes.slice(at, at + random.int(12)));
  }
  return Uint8Array.from(bytes);
}

describe('damage', () => {
  const first = Number(process.env.FIRST_SEED ?? 1);
  const seeds = Array.from({ length: Number(process.env.SEEDS ?? 20) }, (_, i) => first + i);

  it.each(seeds)('C2: whatever is accepted of damaged updates loads in Yjs (seed %i)', (seed) => {
    const random = new Random(seed);
    const { updates, overlaps } = makeHistory(seed, { steps: 40 });
    const pool = [...updates, ...overlaps];
    const index = new CausalIndex(defaultLimits);
    const log: Uint8Array[] = [];
    for (let round = 0; round < 400; round++) {
      const update = random.chance(0.15) ? random.pick(pool) : damaged(random.pick(pool), random);
      const before = stateOf(index);
      const { taken } = outcomeOf(index, update);
      if (taken !== undefined) log.push(taken);
      expect(taken === undefined ? stateOf(index) : before).toEqual(before);
    }
    expect(log.length).toBeGreaterThan(0);
    const doc = loaded(log);
    const state = Y.encodeStateAsUpdate(doc);
    expect(Y.decodeStateVector(index.stateVector())).toEqual(Y.decodeStateVector(Y.encodeStateVector(doc)));
    loaded([state]);
    Y.mergeUpdates(log);
  });
});
