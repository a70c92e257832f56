// Reads and edits by the server itself.

import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RoomRegistry } from '../../../server/room/room-registry.js';
import { withDocument } from '../../../server/room/with-document.js';
import { StoreError } from '../../../server/errors.js';
import { parseDocumentName } from '../../../shared/document-name.js';
import { defaultLimits } from '../../../shared/limits.js';
import { silentLogger } from '../../../shared/logger.js';
import { ControlledStore } from '../../support/controlled-store.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { editor, textOf, WatchedFanout, WatchedWriter } from '../../support/room-watch.js';
import { InProcessWorker } from '../../support/in-process-worker.js';
import { pass, settled } from '../../support/turns.js';

const document = parseDocumentName('doc');
const worker = new InProcessWorker();
let clock: FakeClock;
let store: ControlledStore;
let registry: RoomRegistry<WatchedFanout>;
let failures: unknown[];

beforeEach(() => {
  clock = createFakeClock();
  store = new ControlledStore();
  failures = [];
  registry = new RoomRegistry({
    store,
    worker,
    clock,
    limits: { ...defaultLimits, maxIdleBytes: 0 },
    logger: silentLogger,
    gc: true,
    commitIntervalMs: 10,
    createFanout: () => new WatchedFanout(),
    failed: (error) => failures.push(error),
  });
});

afterEach(() => registry.close());

/** What comes of it, as time goes on. */
async function inTime<T>(promise: Promise<T>): Promise<T> {
  const noted = promise.catch(() => undefined);
  await pass(clock, 50, 10);
  await noted;
  return promise;
}

function edit<T>(use: (ydoc: Y.Doc) => T | Promise<T>): Promise<T> {
  return withDocument({ registry, worker, gc: true }, document, use);
}

describe('withDocument', () => {
  it('reads the document as it is, durable or not', async () => {
    const room = await registry.open(document);
    await room.accept(editor(1).edit('hello'), new WatchedWriter(), true);
    expect(await edit((doc) => doc.getText('text').toString())).toBe('hello');
    expect(store.batches.length).toBe(0);
  });

  it('D1: writes through the same door, and resolves when it is durable', async () => {
    store.hold('append');
    let isDone = false;
    const done = edit((doc) => {
      doc.getText('text').insert(0, 'one');
      doc.getText('text').insert(3, ' two');
      return 7;
    }).then((result) => {
      isDone = true;
      return result;
    });
    await pass(clock, 50);
    expect(isDone).toBe(false);
    const room = await registry.open(document);
    expect(room.fanout.updates.length).toBe(1);
    store.release('append');
    expect(await done).toBe(7);
    const stored = await store.kept.load(document);
    expect(textOf(stored!.records.map(({ update }) => update))).toBe('one two');
  });

  it('C1: merges with what others write meanwhile', async () => {
    const edited = edit(async (doc) => {
      doc.getText('text').insert(0, 'server');
      const room = await registry.open(document);
      await room.accept(editor(1).edit('client'), new WatchedWriter(), true);
      expect(doc.getText('text').toString()).toBe('server');
    });
    await inTime(edited);
    const room = await registry.open(document);
    expect(textOf(room.content.all()).length).toBe(12);
  });

  it('writes nothing when `use` throws, or changes nothing', async () => {
    const failing = edit(async (doc) => {
      doc.getText('text').insert(0, 'lost');
      await settled();
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    await edit((doc) => doc.getMap('map').get('key'));
    await pass(clock, 100);
    expect(store.batches).toEqual([]);
  });

  it('keeps the room while it lasts, and not longer', async () => {
    let finish = (): void => {};
    const working = edit(
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    );
    await pass(clock, 5_000);
    expect(registry.size).toBe(1);
    finish();
    await working;
    await pass(clock, 1_000);
    expect(registry.size).toBe(0);
  });

  it('O3: is refused when the server has closed meanwhile, which the store is not blamed for', async () => {
    let end = (): void => {};
    const working = edit(async (doc) => {
      await new Promise<void>((resolve) => (end = resolve));
      doc.getMap('map').set('late', 1);
    });
    await settled();
    await registry.close();
    await store.close();
    end();
    await expect(inTime(working)).rejects.toMatchObject({ code: 'DRAINING' });
    expect([failures, store.batches.length, registry.isHealthy]).toEqual([[], 0, true]);
  });

  it('D1: rejects when the store cannot write it', async () => {
    store.failures.set('append', new StoreError('STORE_FULL', 'full'));
    const writing = edit((doc) => doc.getMap('map').set('key', 1));
    await expect(inTime(writing)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('D2: rejects when the document cannot be loaded', async () => {
    store.failures.set('load', new StoreError('DOCUMENT_CORRUPT', 'x'));
    await expect(edit(() => 1)).rejects.toMatchObject({
      code: 'DOCUMENT_CORRUPT',
    });
  });

  it('O1: an edit that the limits do not allow is refused and leaves no trace', async () => {
    const writing = edit((doc) => {
      let map = new Y.Map<unknown>();
      doc.getMap('map').set('0', map);
      for (let depth = 0; depth < 150; depth++) {
        const next = new Y.Map<unknown>();
        map.set('k', next);
        map = next;
      }
    });
    await expect(writing).rejects.toMatchObject({ code: 'UPDATE_INVALID' });
    expect(store.batches).toEqual([]);
  });
});
