// Rooms that end while the server goes on: a document fails alone, and is loaded anew by whoever opens it next.

import * as Y from 'yjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { StoreError } from '../../../server/errors.js';
import { Room } from '../../../server/room/room.js';
import { RoomRegistry, type RegistryDeps } from '../../../server/room/room-registry.js';
import type { AppendOutcome } from '../../../server/store/store.js';
import { parseDocumentName } from '../../../shared/document-name.js';
import { SyncError } from '../../../shared/errors.js';
import { defaultLimits } from '../../../shared/limits.js';
import type { LogFields } from '../../../shared/logger.js';
import { ControlledStore } from '../../support/controlled-store.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { editor, textOf, WatchedFanout, WatchedWriter } from '../../support/room-watch.js';
import { InProcessWorker } from '../../support/in-process-worker.js';
import { pass, settled, watch } from '../../support/turns.js';

const [document, other] = [parseDocumentName('doc'), parseDocumentName('other')];
const damage: AppendOutcome = { kind: 'failed', error: new StoreError('DOCUMENT_CORRUPT', 'a flipped bit') };
const conflict: AppendOutcome = { kind: 'failed', error: new StoreError('STORE_CONFLICT', 'no') };
const stored: AppendOutcome = { kind: 'stored', epoch: 'e', lastOffset: 1 };

let clock: FakeClock;
let store: ControlledStore;
let errors: { fields: LogFields; message: string }[];
let failures: unknown[];
let registry: RoomRegistry<WatchedFanout>;

beforeEach(() => {
  clock = createFakeClock();
  store = new ControlledStore();
  errors = [];
  failures = [];
  registry = createRegistry();
});

function createRegistry(deps: Partial<RegistryDeps<WatchedFanout>> = {}): RoomRegistry<WatchedFanout> {
  return new RoomRegistry({
    store,
    worker: new InProcessWorker(),
    clock,
    limits: defaultLimits,
    logger: {
      debug() {},
      info() {},
      warn() {},
      error: (fields, message) => void errors.push({ fields, message }),
    },
    gc: true,
    commitIntervalMs: 10,
    createFanout: () => new WatchedFanout(),
    failed: (error) => failures.push(error),
    ...deps,
  });
}

/** A writer that has the document open. */
async function joined(name = document): Promise<{ room: Room<WatchedFanout>; writer: WatchedWriter }> {
  const room = await registry.open(name);
  const writer = new WatchedWriter({ isLive: false });
  room.join(writer);
  registry.used(room);
  return { room, writer };
}

describe('O7: a document that fails alone', () => {
  it('ends its room: writers are told why, waiters too, nothing is acknowledged, and it takes nothing more', async () => {
    const { room, writer } = await joined();
    const watcher = new WatchedWriter();
    room.join(watcher);
    const neighbour = await joined(other);
    store.outcomes = [[damage, stored]];
    await room.accept(editor(1).edit('lost'), writer, true);
    const text = editor(2).edit('kept');
    await neighbour.room.accept(text, neighbour.writer, true);
    const waiting = watch(room.progress.settled()!);
    await pass(clock, 20);
    expect(waiting.error).toMatchObject({ code: 'DOCUMENT_CORRUPT' });
    for (const one of [writer, watcher])
      expect(one.ends.map(({ code }) => code)).toEqual(['DOCUMENT_CORRUPT']);
    expect([writer.acks, neighbour.writer.acked, neighbour.writer.ends]).toEqual([[], [text], []]);
    expect(() => room.accept(editor(3).edit('late'), writer, true)).toThrow('DOCUMENT_CORRUPT');
    expect(() => room.join(new WatchedWriter())).toThrow('DOCUMENT_CORRUPT');
    expect(registry.size).toBe(1);
    expect([registry.isHealthy, failures]).toEqual([true, []]);
    expect(errors.map(({ fields }) => [fields['document'], fields['code']])).toEqual([
      [document, 'DOCUMENT_CORRUPT'],
    ]);
    await registry.close();
  });

  it('is loaded anew by whoever opens it next, and refused while it is damaged', async () => {
    const { room, writer } = await joined();
    const { edit } = editor(1);
    await room.accept(edit('stored '), writer, true);
    await registry.settle();
    store.outcomes = [[conflict]];
    const lost = edit('offered again');
    await room.accept(lost, writer, true);
    await pass(clock, 20);
    expect(writer.ends.map(({ code }) => code)).toEqual(['STORE_UNAVAILABLE']);
    room.leave(writer);
    registry.released(room);
    store.failures.set('load', new StoreError('DOCUMENT_CORRUPT', 'a flipped bit'));
    await expect(registry.open(document)).rejects.toMatchObject({ code: 'DOCUMENT_CORRUPT' });
    const again = await joined();
    expect(again.room).not.toBe(room);
    expect(textOf(again.room.content.all())).toBe('stored ');
    await again.room.accept(lost, again.writer, true);
    await registry.settle();
    expect(again.writer.acked).toEqual([lost]);
    const { records } = (await store.kept.load(document))!;
    expect(textOf(records.map(({ update }) => update))).toBe('stored offered again');
    await registry.close();
  });

  it('leaves no timers, and whoever leaves it afterwards brings it back nowhere', async () => {
    const { room, writer } = await joined();
    await registry.settle();
    const before = clock.pending;
    room.announce(writer, Uint8Array.of(1, 1, 0, 2, 0x7b, 0x7d));
    room.fanout.readerCount = 10;
    store.outcomes = [[damage]];
    const { edit } = editor(1);
    for (let i = 0; i < 5; i++) await room.accept(edit('x'), writer, true);
    await pass(clock, 20);
    room.leave(writer);
    registry.released(room);
    await pass(clock, 3_000, 1_000);
    expect([registry.size, clock.pending]).toEqual([0, before]);
    await registry.close();
  });

  it('is one whose listener throws when it is told: its room alone ends, INTERNAL, and it is logged', async () => {
    const thrower = await joined();
    const neighbour = await joined(other);
    const bug = new Error('a listener');
    thrower.writer.acknowledged = () => {
      throw bug;
    };
    await thrower.room.accept(editor(1).edit('a'), thrower.writer, true);
    await neighbour.room.accept(editor(2).edit('b'), neighbour.writer, true);
    await pass(clock, 20);
    expect(thrower.writer.ends.map(({ code }) => code)).toEqual(['INTERNAL']);
    expect(neighbour.writer.acked.length).toBe(1);
    expect(errors.map(({ fields }) => fields['err'])).toEqual([bug]);
    const again = await joined();
    expect(textOf(again.room.content.all())).toBe('a');
    await registry.close();
  });

  it('tells every writer, also after one that throws when it is told', async () => {
    const { room } = await joined();
    const writers = [1, 2, 3].map(() => new WatchedWriter());
    writers[0]!.ended = () => {
      throw new Error('cannot hear');
    };
    for (const writer of writers) room.join(writer);
    store.outcomes = [[damage]];
    await room.accept(editor(1).edit('a'), writers[0]!, true);
    await pass(clock, 20);
    expect(writers.slice(1).map(({ ends }) => ends.length)).toEqual([1, 1]);
    expect(errors.length).toBe(2);
    await registry.close();
  });

  it('is one that proves to be damaged when its checkpoint is made', async () => {
    const { room, writer } = await joined();
    const neighbour = await joined(other);
    await room.accept(editor(1).edit('a'), writer, true);
    await registry.settle();
    store.failures.set('replace', new StoreError('DOCUMENT_CORRUPT', 'a flipped bit'));
    await registry.checkpoint(room);
    expect(writer.ends.map(({ code }) => code)).toEqual(['DOCUMENT_CORRUPT']);
    await neighbour.room.accept(editor(2).edit('b'), neighbour.writer, true);
    await registry.settle();
    expect([neighbour.writer.acked.length, registry.isHealthy, registry.size]).toEqual([1, true, 1]);
    await registry.close();
  });
});

describe('D1: a store that fails', () => {
  it('ends every wait, opens nothing more, and tells who is left', async () => {
    const { room, writer } = await joined();
    const neighbour = await joined(other);
    await neighbour.room.accept(editor(2).edit('b'), neighbour.writer, true);
    await room.accept(editor(1).edit('a'), writer, true);
    store.failures.set('append', new StoreError('STORE_FULL', 'full'));
    const waits = [room.progress.settled()!, neighbour.room.progress.settled()!, registry.settle()].map(
      (wait) => watch(wait),
    );
    await pass(clock, 20);
    for (const { error } of waits) expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect([writer.ends.length, neighbour.writer.ends.length, failures.length]).toEqual([1, 1, 1]);
    expect([writer.acks, neighbour.writer.acks]).toEqual([[], []]);
    await expect(registry.open(document)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await registry.close();
  });
});

describe('O10: a store that does not answer', () => {
  it('is looked for and logged once; documents are opened meanwhile, and nobody is lost', async () => {
    const { room, writer } = await joined();
    store.hold('append');
    await room.accept(editor(1).edit('a'), writer, true);
    await pass(clock, 12_000, 1_000);
    expect([registry.isHealthy, registry.isStoreAnswering, errors.length]).toEqual([true, false, 1]);
    await joined(other);
    store.release('append');
    await pass(clock, 1_000);
    expect([registry.isStoreAnswering, errors.length, writer.acked.length]).toEqual([true, 1, 1]);
    await registry.close();
  });
});

describe('O12: a document that does not load', () => {
  const refused = { code: 'STORE_UNAVAILABLE' };

  it('is refused after a time, the store counts as silent, and whoever comes when it is loaded gets it', async () => {
    store.hold('load');
    const waiting = watch(registry.open(document));
    await pass(clock, 9_000, 1_000);
    expect([registry.isStoreAnswering, waiting.isSettled]).toEqual([true, false]);
    await pass(clock, 3_000, 1_000);
    expect([registry.isStoreAnswering, waiting.isSettled, errors.length]).toEqual([false, false, 1]);
    const late = watch(registry.open(document));
    await pass(clock, defaultLimits.maxStoreAwayMs - 12_000, 1_000);
    expect([waiting.error, late.isSettled]).toEqual([expect.objectContaining(refused), false]);
    await pass(clock, 12_000, 1_000);
    expect([late.error, store.waitingFor('load')]).toEqual([expect.objectContaining(refused), 1]);
    const last = registry.open(document);
    store.release('load');
    expect((await last).document).toBe(document);
    await pass(clock, 1_000);
    expect([registry.isStoreAnswering, registry.size]).toEqual([true, 1]);
    await registry.close();
  });

  it('because the application does not give its first content is refused too, and the store is not blamed', async () => {
    let give = (_content: undefined): void => {};
    registry = createRegistry({ loaded: () => new Promise((resolve) => (give = resolve)) });
    const waiting = watch(registry.open(document));
    await pass(clock, defaultLimits.maxStoreAwayMs, 1_000);
    expect([waiting.error, registry.isStoreAnswering]).toEqual([expect.objectContaining(refused), true]);
    give(undefined);
    expect((await joined()).room.document).toBe(document);
    await registry.close();
  });
});

describe('O8: a store that is away', () => {
  it('keeps everybody waiting, and nobody is lost', async () => {
    const { room, writer } = await joined();
    store.failures.set('append', new StoreError('STORE_AWAY', 'no answer'));
    await room.accept(editor(1).edit('a'), writer, true);
    await pass(clock, 20, 10);
    expect(writer.acks).toEqual([]);
    await pass(clock, 100, 10);
    expect([writer.acked.length, writer.ends.length, failures.length]).toEqual([1, 0, 0]);
    await registry.close();
  });

  it('is asked for a checkpoint again soon', async () => {
    const { room, writer } = await joined();
    const { edit } = editor(1);
    for (let i = 0; i < 600; i++) await room.accept(edit('x'), writer, true);
    store.failures.set('replace', new StoreError('STORE_AWAY', 'no answer'));
    await pass(clock, 8_000, 1_000);
    expect([store.replaced.length, writer.ends.length]).toEqual([0, 0]);
    await pass(clock, 32_000, 1_000);
    expect(store.replaced.length).toBe(1);
    await registry.close();
  });
});

describe('D6: the first content of a document', () => {
  const { edit } = editor(9);
  const [first, second] = [edit('first '), edit('second')];
  const first2 = Uint8Array.from([...first.slice(0, -1), 9, 9]);

  it.each<[what: string, loaded: () => Promise<unknown>]>([
    ['that depends on something missing', async () => second],
    ['that is no update', async () => first2],
    ['that is no bytes', async () => 'text'],
    ['whose hook throws', () => Promise.reject(new Error('hook'))],
  ])('%s refuses the document, is told to the embedder, and nothing is stored', async (_what, loaded) => {
    registry = createRegistry({ loaded: loaded as never });
    for (let i = 0; i < 2; i++) {
      await expect(registry.open(document)).rejects.toMatchObject({ code: 'INTERNAL' });
      await pass(clock, 100, 10);
    }
    expect(store.batches).toEqual([]);
    expect(errors.map(({ fields }) => [fields['document'], fields['code']])).toEqual([
      [document, 'INTERNAL'],
      [document, 'INTERNAL'],
    ]);
    expect([registry.size, registry.isHealthy, failures]).toEqual([0, true, []]);
    const neighbours = createRegistry();
    expect((await neighbours.open(document)).progress.head).toBe(0);
    await neighbours.close();
    await registry.close();
  });

  it('is refused with the error of the hook where that is one for the client', async () => {
    registry = createRegistry({ loaded: () => Promise.reject(new SyncError('FORBIDDEN', 'not today')) });
    await expect(registry.open(document)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(registry.size).toBe(0);
    await registry.close();
  });

  it('of which a part could be taken is taken whole or not at all', async () => {
    const partly = Uint8Array.from(Y.mergeUpdates([editor(11).edit('a'), second]));
    registry = createRegistry({ loaded: async () => partly });
    await expect(registry.open(document)).rejects.toMatchObject({ code: 'INTERNAL' });
    await pass(clock, 100, 10);
    expect(store.batches).toEqual([]);
    await registry.close();
  });

  it('that is the same at every load is stored once', async () => {
    registry = createRegistry({ loaded: async () => first });
    const opening = registry.open(document);
    await pass(clock, 20);
    await opening;
    const again = createRegistry({ loaded: async () => first });
    expect(textOf((await again.open(document)).content.all())).toBe('first ');
    expect(store.batches.length).toBe(1);
    await registry.close();
    await again.close();
  });

  it('may be changed by the application afterwards', async () => {
    const own = first.slice();
    registry = createRegistry({ loaded: async () => own });
    const opening = registry.open(document);
    await settled();
    own.fill(0);
    await pass(clock, 20);
    const room = await opening;
    expect(textOf(room.content.all())).toBe('first ');
    const { records } = (await store.kept.load(document))!;
    expect(textOf(records.map(({ update }) => update))).toBe('first ');
    await registry.close();
  });

  it('waits for its own document alone, not for writers who never pause', async () => {
    registry = createRegistry({ loaded: async (name) => (name === document ? first : undefined) });
    const { room, writer } = await joined(other);
    store.delay = (operation) =>
      operation === 'append' ? new Promise((resolve) => void clock.after(20, resolve)) : undefined;
    const { edit: type } = editor(3);
    const typing = clock.every(5, () => void room.accept(type('x'), writer, true));
    await pass(clock, 50, 1);
    const opening = watch(registry.open(document));
    for (let i = 0; i < 100 && !opening.isSettled; i++) await pass(clock, 1, 1);
    expect(opening).toEqual({ isSettled: true, error: undefined });
    typing.cancel();
    await pass(clock, 200, 10);
    store.delay = () => undefined;
    await registry.close();
  });
});
