import * as Y from 'yjs';
import { describe, expect, test } from 'vitest';
import { makeKeystrokeScript } from '../../../bench/input/keystrokes.js';
import type { Script } from '../../../bench/input/script.js';
import { Arrivals } from '../../../bench/load/arrivals.js';
import { Ledger } from '../../../bench/load/ledger.js';
import { baseOf, erase, insert, twoAuthors, writerScript } from './scripts.js';

/** Sends everything of a script: the i-th update of each writer at `i * 10` ms. */
function sentAll(script: Script): Ledger {
  const ledger = new Ledger(script);
  for (const { updates } of script.writers)
    for (const [i, update] of updates.entries()) ledger.sent(update, i * 10);
  return ledger;
}

function reader(ledger: Ledger, isSampled = true): Arrivals {
  return new Arrivals(ledger, isSampled, () => {});
}

const keystrokes = (writers: number, updatesPerWriter: number): Script =>
  makeKeystrokeScript({ writers, updatesPerWriter });

describe('arrivals', () => {
  test('H1 each update counts once, however often it comes', () => {
    const script = keystrokes(2, 3);
    const ledger = sentAll(script);
    const arrivals = reader(ledger);
    for (const { updates } of script.writers)
      for (const { update } of updates) {
        arrivals.take(ledger.partsOf(update), 100, true);
        arrivals.take(ledger.partsOf(update), 100, true);
      }
    arrivals.take(ledger.partsOf(ledger.expected()), 100, true);
    expect(arrivals.delivered).toBe(6);
    expect(arrivals.missing).toBe(0);
    expect(arrivals.fault).toBeUndefined();
    expect(ledger.latency.count).toBe(6);
  });

  test('H1 insertions, deletions and deletions of what others delete too are all counted', () => {
    const script = twoAuthors();
    const total = script.writers.reduce((sum, { updates }) => sum + updates.length, 0);
    const [first, second] = script.writers;
    for (const order of [
      [first!, second!],
      [second!, first!],
    ]) {
      const ledger = sentAll(script);
      const arrivals = reader(ledger);
      for (const { updates } of order)
        for (const { update } of updates) arrivals.take(ledger.partsOf(update), 100, true);
      expect(arrivals.delivered).toBe(total);
      expect(arrivals.missing).toBe(0);
      expect(arrivals.fault).toBeUndefined();
    }
  });

  test('H1 a deletion counts only when all it deletes has come', () => {
    const base = baseOf('0123456789');
    const script = { base, writers: [writerScript(100, base, [erase(2, 4)])] };
    const ledger = sentAll(script);
    const part = writerScript(100, base, [erase(2, 3)]).updates[0]!;
    const arrivals = reader(ledger);
    arrivals.take(ledger.partsOf(part.update), 100, true);
    expect([arrivals.delivered, arrivals.missing]).toEqual([0, 1]);
    arrivals.take(ledger.partsOf(script.writers[0]!.updates[0]!.update), 100, true);
    expect([arrivals.delivered, arrivals.missing]).toEqual([1, 0]);
  });

  test('H1 a deletion of what is deleted already need not come', () => {
    const base = baseOf('0123456789');
    const script = {
      base,
      writers: [writerScript(100, base, [erase(2, 4)]), writerScript(200, base, [erase(3, 2)])],
    };
    const ledger = sentAll(script);
    const arrivals = reader(ledger);
    arrivals.take(ledger.partsOf(script.writers[0]!.updates[0]!.update), 100, true);
    expect(arrivals.missing).toBe(0);
    expect(arrivals.delivered).toBe(2);
  });

  test('H4 an update that comes joined with others has its own latency', () => {
    const script = keystrokes(1, 4);
    const ledger = sentAll(script);
    const arrivals = reader(ledger);
    const joined = Y.mergeUpdates(script.writers[0]!.updates.map(({ update }) => update));
    arrivals.take(ledger.partsOf(joined), 50, true);
    // Sent at 0, 10, 20 and 30 ms.
    expect([0.25, 0.5, 0.75, 1].map((share) => Math.round(ledger.latency.quantile(share) / 10) * 10)).toEqual(
      [20, 30, 40, 50],
    );
  });

  test('H4 what a sync reply brings, and what others than sampled participants receive, has no latency', () => {
    const script = keystrokes(1, 2);
    const ledger = sentAll(script);
    const [first, second] = script.writers[0]!.updates;
    const arrivals = reader(ledger);
    arrivals.take(ledger.partsOf(first!.update), 50, false);
    reader(ledger, false).take(ledger.partsOf(first!.update), 50, true);
    expect(ledger.latency.count).toBe(0);
    arrivals.take(ledger.partsOf(second!.update), 50, true);
    expect(ledger.latency.count).toBe(1);
  });

  test("a sender's own updates are told and not timed, in whatever order they come back", () => {
    const script = keystrokes(1, 3);
    const ledger = sentAll(script);
    const echoes: number[] = [];
    const arrivals = new Arrivals(ledger, true, (sentAtMs) => echoes.push(sentAtMs));
    arrivals.own(0);
    const [first, second, third] = script.writers[0]!.updates;
    for (const { update } of [second!, first!, third!]) arrivals.take(ledger.partsOf(update), 50, true);
    expect(echoes).toEqual([0, 10, 20]);
    expect([arrivals.delivered, arrivals.echoed, arrivals.missing]).toEqual([0, 3, 0]);
    expect(arrivals.fault).toBeUndefined();
    expect(ledger.latency.count).toBe(0);
  });

  test('H2 a missing update is named', () => {
    const script = keystrokes(2, 3);
    const ledger = sentAll(script);
    const arrivals = reader(ledger);
    for (const { update } of script.writers[0]!.updates) arrivals.take(ledger.partsOf(update), 50, true);
    arrivals.take(ledger.partsOf(script.writers[1]!.updates[0]!.update), 50, true);
    expect(arrivals.missing).toBe(2);
    expect(arrivals.describeMissing()).toMatch(/update 1 of client 1001 \(clocks 1 to 2\) never came/);
  });

  test('H3 updates of one writer in another order are a fault, and still count when they are all there', () => {
    const script = keystrokes(1, 4);
    const ledger = sentAll(script);
    const arrivals = reader(ledger);
    const { updates } = script.writers[0]!;
    for (const i of [0, 2, 3, 1]) arrivals.take(ledger.partsOf(updates[i]!.update), 50, true);
    expect(arrivals.fault).toMatch(/clocks 2 to 3 of client 1000 came before 1 to 2/);
    expect([arrivals.delivered, arrivals.missing]).toEqual([4, 0]);
  });

  test('H3 a deletion before what its writer did earlier is a fault', () => {
    const base = baseOf('0123456789');
    const script = { base, writers: [writerScript(100, base, [insert(0, 'a'), erase(5, 1), erase(6, 1)])] };
    const [inserted, erased, later] = script.writers[0]!.updates;
    for (const order of [
      [erased!, inserted!, later!],
      [inserted!, later!, erased!],
    ]) {
      const ledger = sentAll(script);
      const arrivals = reader(ledger);
      for (const { update } of order) arrivals.take(ledger.partsOf(update), 50, true);
      expect(arrivals.fault).toMatch(/of client 100 came before/);
    }
  });

  test('H3 what was never sent is a fault', () => {
    const script = keystrokes(1, 3);
    const ledger = new Ledger(script);
    const [first, second] = script.writers[0]!.updates;
    ledger.sent(first!, 0);
    const arrivals = reader(ledger);
    arrivals.take(ledger.partsOf(Y.mergeUpdates([first!.update, second!.update])), 50, true);
    expect(arrivals.fault).toMatch(/update 1 of client 1000 came, and was never sent/);
  });

  test('what a participant had before is neither missing nor counted', () => {
    const script = keystrokes(1, 4);
    const ledger = sentAll(script);
    const arrivals = reader(ledger);
    arrivals.assume(new Map([[1000, 3]]));
    arrivals.take(ledger.partsOf(script.writers[0]!.updates[3]!.update), 50, false);
    expect([arrivals.delivered, arrivals.missing]).toEqual([1, 0]);
  });

  test('a ledger takes a script in its order only', () => {
    const script = keystrokes(1, 2);
    const ledger = new Ledger(script);
    expect(() => ledger.sent(script.writers[0]!.updates[1]!, 0)).toThrow(/something else than the next/);
  });
});
