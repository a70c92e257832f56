// What readers are sent of a document: in parts that are read like the whole (C10), and none too large (C11).

import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { defaultLimits } from '../../../shared/limits.js';
import { CausalIndex } from '../../../server/crdt/causal-index.js';
import { cutForReaders } from '../../../server/crdt/hold-back.js';
import { mergeAccepted, mergeInParts } from '../../../server/crdt/merge-updates.js';
import { splitUpdate } from '../../../server/crdt/split-update.js';
import { answer } from '../../../server/room/answer.js';
import { CatchUp } from '../../../server/room/catch-up.js';
import { DocumentLog } from '../../../server/room/document-log.js';
import { KeptLog } from '../../../server/room/kept-log.js';
import { mergeDocument } from '../../../server/worker/merge-document.js';
import { makeFormattedHistory } from '../../support/formatted-histories.js';
import { readAll } from '../../support/reading.js';
import { chooseSeed, SeededRandom } from '../../support/seeded-random.js';

/** Index and log of one document, as a room has them. */
class Server {
  readonly index = new CausalIndex(defaultLimits);
  readonly log = new DocumentLog(0, [], defaultLimits.syncPartBytes);

  constructor(updates: readonly Uint8Array[] = []) {
    for (const update of updates) this.accept(update);
  }

  accept(update: Uint8Array): void {
    const verdict = this.index.judge(update);
    if (verdict.isIncomplete) throw new Error('the history is not in causal order');
    if (verdict.outcome !== 'new') return;
    this.index.apply(verdict);
    this.log.append(verdict.update);
  }

  checkpoint(gc: boolean, partBytes: number): void {
    const { parts } = mergeDocument({ updates: this.log.upTo(this.log.head), gc, partBytes });
    this.log.replace(this.log.head, parts);
  }

  answer(has: Y.Doc | undefined, maxBytes: number): Uint8Array[] {
    const vector = has === undefined ? new Map() : Y.decodeStateVector(Y.encodeStateVector(has));
    return answer(this, vector, maxBytes);
  }

  whole(): Uint8Array {
    return mergeAccepted(this.log.upTo(this.log.head));
  }
}

function sumBytes(updates: readonly Uint8Array[]): number {
  return updates.reduce((sum, { length }) => sum + length, 0);
}

function largest(updates: readonly Uint8Array[]): number {
  return Math.max(...updates.map(({ length }) => length));
}

const hex = '010503000601017401620131810300018603010162046e756c6cc10301030201c403000301016401030201010301';
const marksAroundDeletedText = Uint8Array.from(Buffer.from(hex, 'hex'));

describe('a checkpoint in which marks have only deleted text between them', () => {
  function read(updates: readonly Uint8Array[]): { delta: unknown; sent: number } {
    const doc = new Y.Doc();
    const text = doc.getText('t');
    let sent = 0;
    doc.on('update', (_update: Uint8Array, origin: unknown) => {
      if (origin !== 'server') sent++;
    });
    for (const update of updates) Y.applyUpdate(doc, update, 'server');
    return { delta: text.toDelta(), sent };
  }
  const bold = { delta: [{ insert: 'd', attributes: { b: 1 } }], sent: 0 };

  it('C10: loses formatting in causal parts, and none when it is sent', () => {
    expect(read([marksAroundDeletedText])).toEqual(bold);
    expect(read(splitUpdate(marksAroundDeletedText, 8))).not.toEqual(bold);
    const server = new Server([marksAroundDeletedText]);
    for (const maxBytes of [8, 20, 40]) {
      expect(server.answer(undefined, maxBytes).length).toBeGreaterThan(1);
      expect(read(server.answer(undefined, maxBytes))).toEqual(bold);
    }
  });
});

describe('a history of formatted text, XML and nested types', () => {
  const runs = Number(process.env['HEDDLE_FUZZ_RUNS'] ?? 12);
  const first = chooseSeed();
  it.each(Array.from({ length: runs }, (_, run) => (first + run) >>> 0))(
    'C10: is read in parts like the whole, also by who has some of it (HEDDLE_SEED=%i)',
    (seed) => {
      const random = new SeededRandom(seed);
      const clients = 1 + random.int(5);
      const { updates, replicas } = makeFormattedHistory(random, { clients, steps: 40 + random.int(80) });
      const server = new Server();
      const checkpointAt = random.int(updates.length + 1);
      const partBytes = random.pick([20, 60, 200, 1_000, 262_144]);
      for (const [i, update] of updates.entries()) {
        server.accept(update);
        if (i === checkpointAt) server.checkpoint(random.chance(0.7), partBytes);
      }
      const whole = [server.whole()];
      for (const knowsTypes of [true, false]) {
        const expected = readAll(whole, { knowsTypes });
        expect(readAll(server.answer(undefined, partBytes), { knowsTypes })).toEqual(expected);
        const logged = readAll([Y.mergeUpdates([...updates])], { knowsTypes });
        expect({ ...logged, deleted: expected.deleted }).toEqual(expected);
        const old = random.shuffle(updates).slice(0, 9);
        expect(readAll([...server.answer(undefined, partBytes), ...old], { knowsTypes })).toEqual(expected);
        const replica = random.pick(replicas);
        const has = Y.encodeStateAsUpdate(replica);
        const parts = server.answer(replica, partBytes);
        expect(readAll(parts, { knowsTypes, has })).toEqual(readAll(whole, { knowsTypes, has }));
      }
    },
  );

  it.each(Array.from({ length: runs }, (_, run) => (first + run) >>> 0))(
    'C10: goes on the same after a checkpoint in parts and after a whole one (HEDDLE_SEED=%i)',
    (seed) => {
      const random = new SeededRandom(seed);
      const { updates } = makeFormattedHistory(random, { clients: 1 + random.int(4), steps: 60 });
      const half = updates.slice(0, random.int(updates.length + 1));
      const server = new Server(half);
      server.checkpoint(random.chance(0.7), 100);
      const rest = updates.slice(half.length);
      for (const knowsTypes of [true, false]) {
        const afterWhole = readAll([server.whole(), ...rest], { knowsTypes });
        expect(readAll([...server.answer(undefined, 100), ...rest], { knowsTypes })).toEqual(afterWhole);
      }
      for (const update of rest) server.accept(update);
      const live = readAll(server.log.all(), { knowsTypes: true });
      expect(live.clocks).toEqual(readAll([server.whole()], { knowsTypes: true }).clocks);
    },
  );

  it('C10: who resumes where the whole document is less is asked for its state vector', async () => {
    const { updates } = makeFormattedHistory(new SeededRandom(1), { clients: 3, steps: 80 });
    const server = new Server(updates);
    server.checkpoint(true, 300);
    const resumed = async (syncPartBytes: number): Promise<unknown> => {
      const { log, index } = server;
      const limits = { ...defaultLimits, syncPartBytes };
      const kept = new KeptLog(async (after) =>
        updates.slice(after).map((update, i) => ({ offset: after + i + 1, time: 1, author: '', update })),
      );
      return new CatchUp({ log, index, limits, kept: () => kept, durableOffset: () => log.head }).resume(0);
    };
    expect(server.log.bytes).toBeLessThan(sumBytes(mergeInParts(updates, 300)));
    expect(await resumed(300)).toBeUndefined();
    expect(await resumed(1_000_000)).toBeDefined();
  });

  it('C10: one large update is read in parts like the whole', () => {
    for (let seed = 1; seed <= 6; seed++) {
      const random = new SeededRandom(seed);
      const { updates } = makeFormattedHistory(random, { clients: 3, steps: 60 });
      const server = new Server(updates.slice(0, 20));
      const has = server.whole();
      for (const update of updates.slice(20)) server.accept(update);
      const missed = server.log.read(20, server.log.head).update;
      const expected = readAll([missed], { knowsTypes: true, has });
      for (const maxBytes of [30, 200])
        expect(readAll(cutForReaders(missed, maxBytes, true), { knowsTypes: true, has })).toEqual(expected);
    }
  });
});

describe('the size of what is sent', () => {
  const maxBytes = 4_096;

  /** Edits of one client, each an update of its own. */
  function edits(...changes: readonly ((doc: Y.Doc) => void)[]): Uint8Array[] {
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    for (const change of changes) doc.transact(() => change(doc));
    return updates;
  }

  const long: Record<string, (doc: Y.Doc) => void> = {
    'a long text': (doc) => doc.getText('text').insert(0, 'abcdefgh'.repeat(8_000)),
    'a long text of surrogate pairs': (doc) => doc.getText('text').insert(0, 'x😀'.repeat(9_001)),
    'a long list': (doc) =>
      doc.getArray('list').insert(
        0,
        Array.from({ length: 9_000 }, (_, i) => ({ i })),
      ),
    'many keys': (doc) => {
      for (let i = 0; i < 3_000; i++) doc.getMap('map').set(String(i), i);
    },
    'formatted text': (doc) => {
      doc.getText('text').insert(0, 'plain'.repeat(4_000));
      for (let i = 0; i < 600; i++) doc.getText('text').format(i * 20, 5, { b: true });
    },
  };

  it.each(Object.keys(long))('C11: %s leaves in parts, from the log, a checkpoint, and as a diff', (name) => {
    const updates = edits((doc) => doc.getText('text').insert(0, 'first'), long[name]!);
    const server = new Server(updates);
    const expected = readAll([server.whole()], { knowsTypes: true });
    const before = new Y.Doc();
    Y.applyUpdate(before, updates[0]!);
    const has = updates[0]!;
    for (const gc of [undefined, true, false]) {
      if (gc !== undefined) server.checkpoint(gc, maxBytes);
      const parts = server.answer(undefined, maxBytes);
      expect(parts.length).toBeGreaterThan(3);
      expect(largest(parts)).toBeLessThanOrEqual(maxBytes);
      expect(readAll(parts, { knowsTypes: true })).toEqual(expected);
      const diff = server.answer(before, maxBytes);
      expect(largest(diff)).toBeLessThanOrEqual(maxBytes);
      expect(readAll(diff, { knowsTypes: true, has })).toEqual(
        readAll([server.whole()], { knowsTypes: true, has }),
      );
    }
  });

  it('C11: the log since the checkpoint leaves in parts, joined as far as they go', () => {
    const texts = Array.from(
      { length: 60 },
      () => (doc: Y.Doc) => doc.getText('text').insert(0, 'y'.repeat(1_500)),
    );
    const server = new Server(edits(...texts));
    for (const parts of [server.answer(undefined, maxBytes), mergeInParts(server.log.upTo(60), maxBytes)]) {
      expect(largest(parts)).toBeLessThanOrEqual(maxBytes);
      expect(parts.length).toBeLessThan(60);
      expect(readAll(parts, { knowsTypes: true }).clocks).toEqual(
        readAll([server.whole()], { knowsTypes: true }).clocks,
      );
    }
  });

  it('C11: many deletes leave in parts', () => {
    const server = new Server(
      edits(
        (doc) => doc.getText('text').insert(0, 'z'.repeat(20_000)),
        (doc) => {
          for (let i = 9_000; i >= 0; i -= 2) doc.getText('text').delete(i, 1);
        },
      ),
    );
    const parts = server.answer(undefined, maxBytes);
    expect(largest(parts)).toBeLessThanOrEqual(maxBytes);
    expect(readAll(parts, { knowsTypes: true })).toEqual(readAll([server.whole()], { knowsTypes: true }));
  });

  it('C11: a value that cannot be cut is a part of its own', () => {
    const server = new Server(
      edits((doc) => doc.getArray('list').insert(0, [new Uint8Array(10_000), 'v'.repeat(9_000), 'w'])),
    );
    const parts = server.answer(undefined, maxBytes);
    expect(largest(parts)).toBeLessThan(10_100);
    expect(parts.length).toBe(3);
    expect(readAll(parts, { knowsTypes: true })).toEqual(readAll([server.whole()], { knowsTypes: true }));
  });

  it('O2: all who ask for the whole are sent the same bytes in memory, but for the first and the last part', () => {
    const server = new Server(
      edits(long['formatted text']!, (doc) => doc.getText('text').insert(0, 'later')),
    );
    server.checkpoint(true, maxBytes);
    const [one, other] = [server.answer(undefined, maxBytes), server.answer(undefined, maxBytes)];
    expect(one.length).toBeGreaterThan(5);
    expect(one.filter((part) => other.includes(part)).length).toBeGreaterThanOrEqual(one.length - 2);
  });

  it('C11: what is small leaves in one, and holding back adds little', () => {
    const small = new Server(edits(long['formatted text']!));
    small.checkpoint(true, 1_000_000);
    expect(small.answer(undefined, 1_000_000).length).toBe(1);
    const parts = small.answer(undefined, maxBytes);
    expect(sumBytes(parts)).toBeLessThan(small.whole().length * 1.05 + 100);
  });
});
