// The log before a checkpoint: how much of it is kept, and who resumes from there.

import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreError } from '../../../server/errors.js';
import { keptBytes, KeptLog, runsOf } from '../../../server/room/kept-log.js';
import type { Missed } from '../../../server/room/catch-up.js';
import type { Room } from '../../../server/room/room.js';
import { RoomRegistry } from '../../../server/room/room-registry.js';
import type { LogRecord } from '../../../server/store/store.js';
import { parseDocumentName } from '../../../shared/document-name.js';
import { defaultLimits, type Limits } from '../../../shared/limits.js';
import type { LogFields } from '../../../shared/logger.js';
import { ControlledStore } from '../../support/controlled-store.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { editor, textOf, WatchedFanout, WatchedWriter } from '../../support/room-watch.js';
import { InProcessWorker } from '../../support/in-process-worker.js';
import { settled } from '../../support/turns.js';

const document = parseDocumentName('doc');
const KiB = 1024;

describe('how much is kept', () => {
  it('S16: as much as the checkpoint has, between a quarter of the limit and the limit', () => {
    expect(keptBytes(0, 1024 * KiB)).toBe(256 * KiB);
    expect(keptBytes(500 * KiB, 1024 * KiB)).toBe(500 * KiB);
    expect(keptBytes(5_000 * KiB, 1024 * KiB)).toBe(1024 * KiB);
  });

  it('runs follow each other, none much larger than 16 KB, but for single updates that are', () => {
    expect(runsOf(5, [])).toEqual([]);
    expect(runsOf(5, [1, 2, 3])).toEqual([{ first: 5, bytes: 6 }]);
    expect(runsOf(1, [10_000, 6_000, 10_000, 50_000, 1])).toEqual([
      { first: 1, bytes: 16_000 },
      { first: 3, bytes: 10_000 },
      { first: 4, bytes: 50_000 },
      { first: 5, bytes: 1 },
    ]);
    expect(
      runsOf(
        1,
        Array.from({ length: 10_000 }, () => 30),
      ).length,
    ).toBe(19);
  });

  it('S16: the newest stay; what one checkpoint has dropped, no later one brings back', async () => {
    const log = new KeptLog(async () => []);
    const sixteen = (first: number): { first: number; bytes: number } => ({ first, bytes: 16 * KiB });
    const first = await log.next([1, 2, 3, 4, 5].map(sixteen), 50 * KiB);
    expect(first.map(({ first }) => first)).toEqual([3, 4, 5]);
    log.replaced(first);
    expect((await log.next([sixteen(6)], 500 * KiB)).map(({ first }) => first)).toEqual([3, 4, 5, 6]);
    expect(await log.next([{ first: 6, bytes: 51 * KiB }], 50 * KiB)).toEqual([]);
  });

  it('S16: after a restart the store is asked once, and goes on from what it has', async () => {
    const asked: number[] = [];
    const log = new KeptLog(async (after) => {
      asked.push(after);
      return [3, 4].map((offset) => ({ offset, time: 1, author: '', update: new Uint8Array(10) }));
    });
    const next = await log.next([{ first: 5, bytes: 7 }], 1_000);
    expect(next).toEqual([
      { first: 3, bytes: 20 },
      { first: 5, bytes: 7 },
    ]);
    log.replaced(next);
    await log.next([], 1_000);
    expect(asked).toEqual([0]);
    expect(await log.after(1)).toBeUndefined();
    expect(asked).toEqual([0]);
  });

  it.each([
    ['begins later', [3, 4]],
    ['is empty', []],
    ['has a gap', [2, 4]],
  ])('N8: nothing is handed out of what %s', async (_what, offsets) => {
    const load = async (): Promise<LogRecord[]> =>
      offsets.map((offset) => ({ offset, time: 1, author: '', update: new Uint8Array(10) }));
    expect(await new KeptLog(load).after(1)).toBeUndefined();
  });
});

describe('N8: who comes back after a checkpoint', () => {
  let clock: FakeClock;
  let store: ControlledStore;
  let errors: LogFields[];
  const registries: RoomRegistry<WatchedFanout>[] = [];

  beforeEach(() => {
    clock = createFakeClock();
    store = new ControlledStore();
    errors = [];
  });

  afterEach(async () => {
    for (const registry of registries.splice(0)) await registry.close();
  });

  function createRegistry(limits: Partial<Limits> = {}): RoomRegistry<WatchedFanout> {
    const registry = new RoomRegistry({
      store,
      worker: new InProcessWorker(),
      clock,
      limits: { ...defaultLimits, ...limits },
      logger: { debug() {}, info() {}, warn() {}, error: (fields: LogFields) => void errors.push(fields) },
      gc: true,
      commitIntervalMs: 10,
      createFanout: () => new WatchedFanout(),
      failed: () => {},
    });
    registries.push(registry);
    return registry;
  }

  /** Letters typed one by one, with a checkpoint behind each word; `at` has the document as of each offset. */
  async function typed(
    registry: RoomRegistry<WatchedFanout>,
    words: readonly string[],
  ): Promise<{ room: Room<WatchedFanout>; at: Y.Doc[]; edit: (text: string) => Promise<void> }> {
    const room = await registry.open(document);
    room.join(new WatchedWriter());
    const { doc, edit } = editor(1);
    const at: Y.Doc[] = [];
    const note = (): void => {
      const copy = new Y.Doc();
      Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
      at.push(copy);
    };
    note();
    const write = async (text: string): Promise<void> => {
      void room.accept(edit(text), new WatchedWriter({ sub: 'ann' }), true);
      note();
      await registry.settle();
    };
    for (const word of words) {
      for (const letter of word) await write(letter);
      await registry.checkpoint(room);
    }
    return { room, at, edit: write };
  }

  function applied(doc: Y.Doc, missed: Missed | undefined): string {
    for (const update of missed?.updates ?? []) Y.applyUpdate(doc, update);
    expect(doc.store.pendingStructs).toBeNull();
    return doc.getText('text').toString();
  }

  /** All that who resumes at this offset is sent. */
  async function resumed(room: Room, offset: number): Promise<Missed | undefined> {
    const first = await room.catchUp.resume(offset);
    if (first === undefined) return undefined;
    const updates = [...first.updates];
    let at = first.offset;
    for (
      let next = await room.catchUp.after(at);
      next.updates.length > 0;
      next = await room.catchUp.after(at)
    ) {
      updates.push(...next.updates);
      at = next.offset;
    }
    return { updates, offset: at };
  }

  it('resumes at every offset, over one checkpoint and several, in one update or two', async () => {
    const registry = createRegistry();
    const { room, at, edit } = await typed(registry, ['three', 'words', 'here']);
    await edit('!');
    expect(room.compaction.offset).toBe(14);
    for (const [offset, doc] of at.entries()) {
      const missed = await resumed(room, offset);
      if (offset === 15) expect(missed?.updates).toEqual([]);
      else expect([1, 2]).toContain(missed?.updates.length);
      expect(missed?.offset).toBe(15);
      expect(applied(doc, missed)).toBe('threewordshere!');
    }
    expect(await room.catchUp.resume(16)).toBeUndefined();
    expect(errors).toEqual([]);
  });

  it('resumes after a restart too, and over a checkpoint that is made after it', async () => {
    const first = createRegistry();
    const { room, at } = await typed(first, ['before']);
    const { epoch } = room;
    await first.close();
    const registry = createRegistry();
    const again = await registry.open(document);
    again.join(new WatchedWriter());
    expect(again.epoch).toBe(epoch);
    void again.accept(editor(2).edit('after'), new WatchedWriter(), true);
    await registry.settle();
    await registry.checkpoint(again);
    expect(again.compaction.offset).toBe(7);
    expect(applied(at[2]!, await again.catchUp.resume(2))).toMatch(/^(beforeafter|afterbefore)$/);
  });

  it('gets the document where that is less than what was missed', async () => {
    const registry = createRegistry();
    const room = await registry.open(document);
    room.join(new WatchedWriter());
    const doc = new Y.Doc();
    doc.on('update', (update: Uint8Array) => void room.accept(update, new WatchedWriter(), true));
    for (let i = 0; i < 200; i++) {
      doc.getText('text').insert(0, 'gone again '.repeat(10));
      doc.getText('text').delete(0, 110);
    }
    await registry.settle();
    await registry.checkpoint(room);
    const missed = await room.catchUp.resume(0);
    const bytes = missed!.updates.reduce((sum, { length }) => sum + length, 0);
    expect(bytes).toBeLessThanOrEqual(room.compaction.tail.checkpointBytes);
    expect(Y.encodeStateVector(doc)).toEqual(Y.encodeStateVector(loadedFrom(missed!.updates)));
  });

  it('is asked for a state vector when what was missed is older than what is kept', async () => {
    const registry = createRegistry({ maxKeptLogBytes: 40 });
    const { room, at, edit } = await typed(registry, ['one', 'two']);
    await edit('!');
    expect(await room.catchUp.resume(1)).toBeUndefined();
    expect(store.keptLoads.length).toBeLessThan(3);
    expect(applied(at[6]!, await room.catchUp.resume(6))).toBe('onetwo!');
  });

  it('O2: storage stays bounded: the oldest are dropped, by bytes', async () => {
    const registry = createRegistry({ maxKeptLogBytes: 100 * KiB });
    const room = await registry.open(document);
    room.join(new WatchedWriter());
    const { edit } = editor(1);
    for (let round = 0; round < 6; round++) {
      for (let i = 0; i < 20; i++) void room.accept(edit('x'.repeat(KiB)), new WatchedWriter(), true);
      await registry.settle();
      await registry.checkpoint(room);
      const kept = await store.kept.loadKept(document, 0);
      const bytes = kept.reduce((sum, { update }) => sum + update.length, 0);
      const bound = keptBytes(room.compaction.tail.checkpointBytes, 100 * KiB);
      expect(bytes).toBeLessThanOrEqual(bound);
      if (round > 2) expect(bytes).toBeGreaterThan(bound - 34 * KiB);
    }
    expect(await room.catchUp.resume(0)).toBeUndefined();
  });

  it('costs nobody else anything: kept records are read neither to load nor for others', async () => {
    const first = createRegistry();
    await typed(first, ['before', 'and after']);
    await first.close();
    store.keptLoads.length = 0;
    const registry = createRegistry();
    const room = await registry.open(document);
    expect(textOf(room.content.all())).toBe('beforeand after');
    expect(room.memoryBytes).toBeLessThan(textOf(room.content.all()).length + 2_048 + 1_024);
    expect((await room.catchUp.resume(15))?.updates).toEqual([]);
    expect(room.catchUp.after(15)).toEqual({ updates: [], offset: 15 });
    room.catchUp.missing(new Map());
    expect(store.keptLoads).toEqual([]);
    await room.catchUp.resume(13);
    expect(store.keptLoads).toEqual([13]);
  });

  it('gets each record once when another checkpoint, and more, comes while it is read', async () => {
    const registry = createRegistry();
    const { room, at, edit } = await typed(registry, ['before']);
    store.hold('loadKept');
    const resuming = resumed(room, 2);
    await settled();
    for (const letter of 'more') await edit(letter);
    // What a checkpoint does to the room, with a store that has been faster than the read.
    const { offset, updates } = room.compaction.input();
    const update = Y.mergeUpdates(updates);
    await store.kept.replace(document, { offset, time: 1, update }, 1);
    room.compaction.replaced(offset, { update, parts: [update], loadMs: 1 }, [{ first: 1, bytes: 100 }]);
    await edit('!');
    store.release('loadKept');
    const missed = await resuming;
    expect(missed?.offset).toBe(11);
    expect(applied(at[2]!, missed)).toBe('beforemore!');
  });

  it('C4: gets each record once, in whichever moment after the read the checkpoint comes', async () => {
    for (let moments = 0; moments < 10; moments++) {
      store = new ControlledStore();
      const { room, at, edit } = await typed(createRegistry(), ['before']);
      const before = await store.kept.loadKept(document, 2);
      for (const letter of 'more') await edit(letter);
      const load = store.loadKept.bind(store);
      store.loadKept = async (name, after) => {
        store.loadKept = load;
        const { offset, updates } = room.compaction.input();
        const update = Y.mergeUpdates(updates);
        await edit('!');
        await store.kept.replace(document, { offset, time: 1, update }, 1);
        let moment = Promise.resolve();
        for (let i = 0; i < moments; i++) moment = moment.then(() => {});
        void moment.then(() =>
          room.compaction.replaced(offset, { update, parts: [update], loadMs: 1 }, [
            { first: 1, bytes: 100 },
          ]),
        );
        return after === 2 ? before : load(name, after);
      };
      const missed = await resumed(room, 2);
      expect(applied(at[2]!, missed), `after ${moments} moments`).toBe('beforemore!');
      expect(missed?.offset).toBe(11);
    }
  });

  it('gets each record once when the checkpoint comes between two reads', async () => {
    const registry = createRegistry();
    const { room, at, edit } = await typed(registry, ['before']);
    const before = await store.kept.loadKept(document, 2);
    let reads = 0;
    const load = store.loadKept.bind(store);
    store.loadKept = async (name, after) => {
      if (reads++ > 0) return load(name, after);
      for (const letter of 'more') await edit(letter);
      const { offset, updates } = room.compaction.input();
      const update = Y.mergeUpdates(updates);
      await store.kept.replace(document, { offset, time: 1, update }, 1);
      room.compaction.replaced(offset, { update, parts: [update], loadMs: 1 }, [{ first: 1, bytes: 100 }]);
      return before;
    };
    const missed = await resumed(room, 2);
    expect(reads).toBe(2);
    expect(missed?.offset).toBe(10);
    expect(applied(at[2]!, missed)).toBe('beforemore');
  });

  it('D4: that cannot be read is told to the log, harms nobody, and is dropped by the next checkpoint', async () => {
    const registry = createRegistry();
    const { room, edit } = await typed(registry, ['before']);
    store.failures.set('loadKept', new StoreError('DOCUMENT_CORRUPT', 'a flipped bit'));
    expect(await room.catchUp.resume(2)).toBeUndefined();
    expect(errors).toMatchObject([{ document }]);
    expect(await room.catchUp.resume(2)).toBeUndefined();
    expect(errors.length).toBe(1);
    await edit('!');
    await registry.checkpoint(room);
    expect((await store.kept.loadKept(document, 0)).map(({ offset }) => offset)).toEqual([7]);
    expect(textOf(room.content.all())).toBe('before!');
  });

  it('C4: a reader in the middle of being caught up goes on from the kept records', async () => {
    const registry = createRegistry();
    const { room, at } = await typed(registry, ['before']);
    const missed = await room.catchUp.after(4);
    expect(missed).toMatchObject({ updates: [{}], offset: 6 });
    expect(missed.updates[0]!.length).toBeLessThan(30);
    expect(applied(at[4]!, missed)).toBe('before');
    const dropped = createRegistry({ maxKeptLogBytes: 1 });
    const other = await dropped.open(parseDocumentName('other'));
    void other.accept(editor(1).edit('whole'), new WatchedWriter(), true);
    await dropped.settle();
    await dropped.checkpoint(other);
    expect(textOf((await other.catchUp.after(0)).updates)).toBe('whole');
  });
});

function loadedFrom(updates: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc;
}
