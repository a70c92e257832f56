// What people type: the same from the same seed, in any interleaving, and what is said of each update is true.

import * as Y from 'yjs';
import { describe, expect, test } from 'vitest';
import { makePeopleScript } from '../../../bench/input/people.js';
import type { PreparedUpdate, Script } from '../../../bench/input/script.js';
import { CausalIndex } from '../../../server/crdt/causal-index.js';
import { defaultLimits } from '../../../shared/limits.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { factsOf } from './facts.js';

const options = { writers: 6, updatesPerWriter: 300, seed: 7 };
const script = makePeopleScript(options);
const all = script.writers.flatMap(({ updates }) => updates);

/** Everything in the script, each writer's in order, the writers mixed. */
function mixed({ writers }: Script, seed: number): PreparedUpdate[] {
  const random = new SeededRandom(seed);
  const left = writers.map(({ updates }) => [...updates]);
  const order: PreparedUpdate[] = [];
  while (left.some((updates) => updates.length > 0))
    order.push(...random.pick(left.filter((updates) => updates.length > 0)).splice(0, 1 + random.int(9)));
  return order;
}

describe('what people type', () => {
  test('H8 the same seed makes the same script, another seed another one', () => {
    expect(makePeopleScript(options)).toEqual(script);
    expect(makePeopleScript({ ...options, seed: 8 })).not.toEqual(script);
    const ids = script.writers.map(({ clientId }) => clientId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toBeGreaterThan(0xffff);
  });

  test('H8 client ids can be given', () => {
    const { writers } = makePeopleScript({ ...options, updatesPerWriter: 5, firstClientId: 500 });
    expect(writers.map(({ clientId }) => clientId)).toEqual([500, 501, 502, 503, 504, 505]);
    for (const { clientId, updates } of writers)
      for (const { update } of updates)
        for (const client of factsOf(update).clients) expect(client).toBe(clientId);
  });

  test('each writer sends what was asked for, and its clocks follow each other', () => {
    for (const { clientId, updates } of script.writers) {
      expect(updates.length).toBe(options.updatesPerWriter);
      let next = 0;
      for (const { from, to, clientId: by } of updates) {
        expect(by).toBe(clientId);
        if (to === from) continue;
        expect(from).toBe(next);
        next = to;
      }
    }
  });

  test('H1 what is said of an update is what Yjs reads in it', () => {
    for (const { update, clientId, from, to, deleted } of all) {
      const facts = factsOf(update);
      expect(facts.deleted.length).toBe(deleted);
      if (facts.clients.length === 0) expect([from, to]).toEqual([0, 0]);
      else
        expect({ clients: facts.clients, from: facts.from, to: facts.to }).toEqual({
          clients: [clientId],
          from,
          to,
        });
    }
  });

  test('H1 nothing is deleted twice, however close the writers are', () => {
    const crowded = makePeopleScript({ writers: 30, updatesPerWriter: 300, seed: 2, baseBytes: 1_000 });
    const deleted = crowded.writers.flatMap(({ updates }) =>
      updates.flatMap(({ update }) => factsOf(update).deleted),
    );
    expect(deleted.length).toBeGreaterThan(1_000);
    expect(new Set(deleted).size).toBe(deleted.length);
  });

  test('H8 writers can be sent in any interleaving: nothing waits for anything, and the text is the same', () => {
    const texts = [1, 2, 3].map((seed) => {
      const ydoc = new Y.Doc();
      const index = new CausalIndex(defaultLimits);
      index.apply(index.judge(script.base));
      Y.applyUpdate(ydoc, script.base);
      for (const { update } of mixed(script, seed)) {
        const verdict = index.judge(update);
        expect([verdict.outcome, verdict.isIncomplete]).toEqual(['new', false]);
        // Nothing of it was known: it is taken as it is.
        expect(verdict.update.length).toBe(update.length);
        index.apply(verdict);
        Y.applyUpdate(ydoc, update);
      }
      expect([ydoc.store.pendingStructs, ydoc.store.pendingDs]).toEqual([null, null]);
      return ydoc.getText('text').toString();
    });
    expect(texts[0]!.length).toBeGreaterThan(5_000);
    expect(new Set(texts).size).toBe(1);
  });

  test('it looks like typing: mostly single letters, some deletions, a few pastes', () => {
    const share = (is: (update: PreparedUpdate) => boolean): number => all.filter(is).length / all.length;
    expect(share(({ from, to }) => to - from === 1)).toBeGreaterThan(0.5);
    expect(share(({ from, to, deleted }) => from === to && deleted > 0)).toBeGreaterThan(0.1);
    expect(share(({ deleted }) => deleted > 1)).toBeGreaterThan(0.001);
    expect(share(({ from, to }) => to - from > 20)).toBeGreaterThan(0.001);
    // Nothing is sent that brings nothing.
    expect(share(({ from, to, deleted }) => from === to && deleted === 0)).toBe(0);
  });

  test('there may be no base, or more writers than it has characters', () => {
    const bare = makePeopleScript({ writers: 40, updatesPerWriter: 30, seed: 1, baseBytes: 0 });
    expect([...bare.base]).toEqual([0, 0]);
    const small = makePeopleScript({ writers: 400, updatesPerWriter: 5, seed: 1, baseBytes: 100 });
    for (const made of [bare, small]) {
      const ydoc = new Y.Doc();
      Y.applyUpdate(ydoc, made.base);
      for (const { update } of mixed(made, 4)) Y.applyUpdate(ydoc, update);
      expect(ydoc.store.pendingStructs).toBe(null);
      expect(ydoc.getText('text').length).toBeGreaterThan(40);
    }
  });
});
