// Which rooms are in memory, and that nothing is lost when they come and go.

import { mergeAccepted } from '../../../server/crdt/merge-updates.js';
import { beforeEach, describe, expect, it } from 'vitest';
import { StoreError } from '../../../server/errors.js';
import type { Merged, MergeRequest } from '../../../server/room/document-worker.js';
import type { Room } from '../../../server/room/room.js';
import { RoomRegistry, type RegistryDeps } from '../../../server/room/room-registry.js';
import { mergeDocument } from '../../../server/worker/merge-document.js';
import { parseDocumentName, type DocumentName } from '../../../shared/document-name.js';
import { defaultLimits, type Limits } from '../../../shared/limits.js';
import type { LogFields } from '../../../shared/logger.js';
import { ControlledStore } from '../../support/controlled-store.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { editor, textOf, WatchedFanout, WatchedWriter } from '../../support/room-watch.js';
import { InProcessWorker } from '../../support/in-process-worker.js';
import { pass, settled, watch } from '../../support/turns.js';

const document = parseDocumentName('doc');
let clock: FakeClock;
let store: ControlledStore;
let errors: LogFields[];
let failures: unknown[];

beforeEach(() => {
  clock = createFakeClock();
  store = new ControlledStore();
  errors = [];
  failures = [];
});

type Registry = RoomRegistry<WatchedFanout>;

function createRegistry(
  deps: Partial<RegistryDeps<WatchedFanout>> = {},
  limits: Partial<Limits> = {},
): Registry {
  const note = (fields: LogFields): void => void errors.push(fields);
  return new RoomRegistry({
    store,
    worker: new InProcessWorker(),
    clock,
    limits: { ...defaultLimits, ...limits },
    logger: { debug() {}, info() {}, warn() {}, error: note },
    gc: true,
    commitIntervalMs: 10,
    createFanout: () => new WatchedFanout(),
    failed: (error) => failures.push(error),
    ...deps,
  });
}

/** Merges when the test says so. */
class HeldWorker extends InProcessWorker {
  readonly requests: MergeRequest[] = [];
  readonly #waiting: { run(): void; reject(error: Error): void }[] = [];

  override merge(_document: DocumentName, request: MergeRequest): Promise<Merged> {
    this.requests.push(request);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ run: () => resolve(mergeDocument(request)), reject });
    });
  }

  go(): void {
    this.#waiting.shift()?.run();
  }

  fail(error: Error): void {
    this.#waiting.shift()?.reject(error);
  }

  override async close(): Promise<void> {
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('closed'));
  }
}

async function write(
  room: Room,
  update: Uint8Array,
  writer = new WatchedWriter({ sub: 'ann' }),
): Promise<void> {
  await room.accept(update, writer, true);
}

describe('open', () => {
  it('D2: loads once, however many ask at once, and they get the same room', async () => {
    const registry = createRegistry();
    store.hold('load');
    const opening = [1, 2, 3].map(() => registry.open(document));
    await settled();
    expect(registry.size).toBe(0);
    store.release('load');
    const rooms = await Promise.all(opening);
    expect(new Set(rooms).size).toBe(1);
    expect(await registry.open(document)).toBe(rooms[0]);
    expect(store.loads).toEqual([document]);
    await registry.close();
  });

  it('D2: a failure reaches all who asked, and is not kept: the next one gets the document, whole', async () => {
    const update = editor(1).edit('stored');
    await store.append([{ document, records: [{ offset: 1, time: 1, author: '', update }] }]);
    const registry = createRegistry();
    store.hold('load');
    const opening = [1, 2].map(() => registry.open(document));
    const refusals = Promise.allSettled(opening);
    await settled();
    store.failures.set('load', new StoreError('STORE_IO', 'once'));
    store.release('load');
    expect((await refusals).map((refusal) => ('reason' in refusal ? refusal.reason.code : 'open'))).toEqual([
      'STORE_UNAVAILABLE',
      'STORE_UNAVAILABLE',
    ]);
    expect(registry.size).toBe(0);
    expect(errors.length).toBe(1);
    expect(textOf((await registry.open(document)).content.all())).toBe('stored');
    await registry.close();
  });

  it('D2: a document that is damaged stays refused, and its bytes stay as they are', async () => {
    await store.append([
      { document, records: [{ offset: 1, time: 1, author: '', update: Uint8Array.of(1, 2, 3) }] },
    ]);
    store.batches.length = 0;
    const registry = createRegistry();
    for (let i = 0; i < 3; i++)
      await expect(registry.open(document)).rejects.toMatchObject({ code: 'DOCUMENT_CORRUPT' });
    await pass(clock, 10 * 60_000, 60_000);
    await registry.close();
    expect([store.batches, store.replaced]).toEqual([[], []]);
  });

  it('a seed is merged in and durable before anybody is served, once', async () => {
    const asked: boolean[] = [];
    const seed = editor(1).edit('seed');
    const registry = createRegistry({
      loaded: async (_name, isNew) => {
        asked.push(isNew);
        return isNew ? seed : undefined;
      },
    });
    store.hold('append');
    const opening = registry.open(document);
    await pass(clock, 50);
    expect(registry.size).toBe(0);
    store.release('append');
    const room = await opening;
    expect(textOf(room.content.all())).toBe('seed');
    expect((await store.kept.load(document))?.records.length).toBe(1);
    await registry.open(document);
    expect(asked).toEqual([true]);
    await registry.close();
  });

  it('O1: a seed that is refused, or a hook that fails, refuses the document', async () => {
    const registry = createRegistry({ loaded: async () => Uint8Array.of(9, 9) });
    await expect(registry.open(document)).rejects.toMatchObject({ code: 'INTERNAL' });
    const failing = createRegistry({ loaded: () => Promise.reject(new Error('hook')) });
    await expect(failing.open(document)).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(failing.size).toBe(0);
    await registry.close();
    await failing.close();
  });

  it('D1: a seed that could not be written is not served', async () => {
    const registry = createRegistry({ loaded: async () => editor(1).edit('seed') });
    store.failures.set('append', new StoreError('STORE_FULL', 'full'));
    const opening = watch(registry.open(document));
    await pass(clock, 20);
    expect(opening.error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await registry.close();
  });
});

describe('eviction', () => {
  async function openNamed(registry: Registry, name: string): Promise<Room<WatchedFanout>> {
    return registry.open(parseDocumentName(name));
  }

  it('O2: drops the longest unused down to the budget, and they come back as they were', async () => {
    const registry = createRegistry({}, { maxIdleBytes: 30_000 });
    for (const name of ['a', 'b', 'c']) {
      const room = await openNamed(registry, name);
      const member = new WatchedWriter({ sub: 'ann' });
      room.join(member);
      registry.used(room);
      await write(room, editor(1).edit(name.repeat(10_000)));
      await registry.settle();
      room.leave(member);
      registry.released(room);
    }
    await pass(clock, 1_000);
    expect(registry.size).toBe(2);
    store.loads.length = 0;
    expect(textOf((await openNamed(registry, 'c')).content.all())).toBe('c'.repeat(10_000));
    expect(store.loads).toEqual([]);
    expect(textOf((await openNamed(registry, 'a')).content.all())).toBe('a'.repeat(10_000));
    expect(store.loads).toEqual(['a']);
    await registry.close();
  });

  it('D1: never drops a room that has members, or is not durable, or is being merged', async () => {
    const worker = new HeldWorker();
    const registry = createRegistry({ worker }, { maxIdleBytes: 0 });
    const occupied = await openNamed(registry, 'occupied');
    occupied.join(new WatchedWriter());
    registry.used(occupied);
    const merging = await openNamed(registry, 'merging');
    await write(merging, editor(1).edit('m'));
    await registry.settle();
    const checkpoint = registry.checkpoint(merging);
    const busy = await openNamed(registry, 'busy');
    store.hold('append');
    await write(busy, editor(2).edit('b'));
    const idle = await openNamed(registry, 'idle');
    expect(registry.size).toBe(4);
    await pass(clock, 2_000);
    expect(registry.size).toBe(3);
    expect(await openNamed(registry, 'busy')).toBe(busy);
    expect(await openNamed(registry, 'merging')).toBe(merging);
    expect(await openNamed(registry, 'occupied')).toBe(occupied);
    expect(await openNamed(registry, 'idle')).not.toBe(idle);
    store.release('append');
    worker.go();
    await checkpoint;
    await pass(clock, 1_000);
    expect(registry.size).toBe(1);
    await registry.close();
  });

  it('a room that was opened and never joined is dropped too', async () => {
    const registry = createRegistry({}, { maxIdleBytes: 0 });
    await registry.open(document);
    await pass(clock, 1_000);
    expect(registry.size).toBe(0);
    await registry.close();
  });

  it('P2: expired presence is removed by the sweep', async () => {
    const registry = createRegistry();
    const room = await registry.open(document);
    room.announce(new WatchedWriter(), Uint8Array.of(1, 1, 0, 2, 0x7b, 0x7d));
    await pass(clock, 37_000, 1_000);
    expect(room.presence?.size).toBe(0);
    await registry.close();
  });
});

describe('checkpoints', () => {
  it('D3: are made in time by the sweep, and shorten the log', async () => {
    const registry = createRegistry();
    const room = await registry.open(document);
    const { edit } = editor(1);
    for (let i = 0; i < 600; i++) await write(room, edit('x'));
    await pass(clock, 4_000, 1_000);
    expect(store.replaced).toEqual([]);
    await pass(clock, 3_000, 1_000);
    expect(store.replaced.map(({ checkpoint }) => checkpoint.offset)).toEqual([600]);
    expect(room.compaction.tail.records).toBe(0);
    const stored = await store.kept.load(document);
    expect(stored?.records).toEqual([]);
    expect(textOf([stored!.checkpoint!.update])).toBe('x'.repeat(600));
    await registry.close();
  });

  it('C4, D3: updates that arrive while one is made come after it, at their offsets', async () => {
    const worker = new HeldWorker();
    const registry = createRegistry({ worker });
    const room = await registry.open(document);
    const { edit } = editor(1);
    for (let i = 0; i < 10; i++) await write(room, edit('a'));
    await registry.settle();
    const checkpoint = registry.checkpoint(room);
    const meanwhile = edit('b');
    await write(room, meanwhile);
    await pass(clock, 50);
    worker.go();
    store.hold('replace');
    await settled();
    const later = edit('c');
    await write(room, later);
    await pass(clock, 50);
    expect(textOf(room.content.all())).toBe(`${'a'.repeat(10)}bc`);
    store.release('replace');
    await checkpoint;
    expect(room.compaction.tail.records).toBe(2);
    expect(room.catchUp.after(10)).toEqual({
      updates: [mergeAccepted([meanwhile, later])],
      offset: 12,
    });
    expect(room.catchUp.after(11)).toEqual({ updates: [later], offset: 12 });
    expect(textOf(room.content.all())).toBe(`${'a'.repeat(10)}bc`);
    const stored = await store.kept.load(document);
    expect(stored?.checkpoint?.offset).toBe(10);
    expect(stored?.records.map(({ offset }) => offset)).toEqual([11, 12]);
    await registry.close();
  });

  it('one at a time of a document', async () => {
    const worker = new HeldWorker();
    const registry = createRegistry({ worker });
    const room = await registry.open(document);
    await write(room, editor(1).edit('a'));
    await registry.settle();
    const first = registry.checkpoint(room);
    await registry.checkpoint(room);
    expect(worker.requests.length).toBe(1);
    worker.go();
    await first;
    await registry.close();
  });

  it.each(['merge', 'replace'] as const)(
    'D3: when %s fails the log stays as it is, and it is not tried again for 10 minutes',
    async (step) => {
      const worker = new HeldWorker();
      const registry = createRegistry({ worker });
      const room = await registry.open(document);
      const { edit } = editor(1);
      for (let i = 0; i < 600; i++) await write(room, edit('x'));
      await pass(clock, 31_000, 1_000);
      if (step === 'merge') worker.fail(new Error('cannot merge'));
      else {
        store.failures.set('replace', new Error('no'));
        worker.go();
      }
      await settled();
      expect(errors.length).toBe(1);
      expect(room.compaction.tail.records).toBe(600);
      expect((await store.kept.load(document))?.records.length).toBe(600);
      await pass(clock, 9 * 60_000, 60_000);
      expect(worker.requests.length).toBe(1);
      await pass(clock, 2 * 60_000, 60_000);
      expect(worker.requests.length).toBe(2);
      worker.go();
      await settled();
      expect(room.compaction.tail.records).toBe(0);
      await registry.close();
    },
  );

  it('D1, D3: nothing that is not durable goes into one', async () => {
    const registry = createRegistry();
    const room = await registry.open(document);
    const { edit } = editor(1);
    await write(room, edit('a'));
    await registry.settle();
    store.hold('append');
    await write(room, edit('b'));
    await pass(clock, 20);
    await registry.checkpoint(room);
    expect(store.replaced.map(({ checkpoint }) => [checkpoint.offset, textOf([checkpoint.update])])).toEqual([
      [1, 'a'],
    ]);
    store.release('append');
    await registry.close();
    expect((await store.kept.load(document))?.records.map(({ offset }) => offset)).toEqual([2]);
  });

  it('D3: none is made, and no document comes to be, while nothing at all is durable yet', async () => {
    const registry = createRegistry();
    store.hold('append');
    const room = await registry.open(document);
    const { edit } = editor(1);
    for (let i = 0; i < 600; i++) await write(room, edit('x'));
    await pass(clock, 8_000, 1_000);
    expect(errors).toEqual([]);
    expect(store.replaced).toEqual([]);
    store.release('append');
    await pass(clock, 2_000, 1_000);
    const again = createRegistry();
    expect(textOf((await again.open(document)).content.all())).toBe('x'.repeat(600));
    expect(failures).toEqual([]);
    await registry.close();
    await again.close();
  });
});

describe('close', () => {
  it('O3: makes everything durable, opens nothing more, and leaves no timers', async () => {
    const registry = createRegistry();
    const room = await registry.open(document);
    const writer = new WatchedWriter({ sub: 'ann', isLive: false });
    room.join(writer);
    const { edit } = editor(1);
    for (let i = 0; i < 5; i++) await write(room, edit('x'), writer);
    room.announce(writer, Uint8Array.of(1, 1, 0, 2, 0x7b, 0x7d));
    await registry.close();
    expect(writer.acked.length).toBe(5);
    expect((await store.kept.load(document))?.records.length).toBe(5);
    await expect(registry.open(document)).rejects.toMatchObject({ code: 'DRAINING' });
    await registry.close();
    clock.advance(0);
    expect(clock.pending).toBe(0);
  });

  it('O3: waits for what is being opened, and gives up checkpoints without a word', async () => {
    const worker = new HeldWorker();
    const registry = createRegistry({ worker });
    const room = await registry.open(document);
    await write(room, editor(1).edit('a'));
    await registry.settle();
    void registry.checkpoint(room);
    store.hold('load');
    const opening = registry.open(parseDocumentName('other'));
    await settled();
    const closing = registry.close();
    await settled();
    store.release('load');
    await opening;
    await closing;
    expect(errors).toEqual([]);
    expect(registry.size).toBe(0);
  });
});

describe('a store that fails', () => {
  it('is told of once; the registry is not healthy any more', async () => {
    const registry = createRegistry();
    const room = await registry.open(document);
    expect(registry.isHealthy).toBe(true);
    const error = new StoreError('STORE_IO', 'fsync');
    store.failures.set('append', error);
    const writer = new WatchedWriter({ isLive: false });
    await write(room, editor(1).edit('a'), writer);
    await pass(clock, 100);
    expect(registry.isHealthy).toBe(false);
    expect(failures).toEqual([error]);
    expect(writer.acks).toEqual([]);
    await registry.close();
  });
});
