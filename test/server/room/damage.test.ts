// Stored bytes of one document change under the server, in any place: that document alone is refused, with a typed error, and
// everybody else is served as before. A failing case names its seed; HEDDLE_SEED repeats it alone.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StoreError } from '../../../server/errors.js';
import type { Room } from '../../../server/room/room.js';
import { RoomRegistry } from '../../../server/room/room-registry.js';
import { parseKey } from '../../../server/store/level-keys.js';
import { openDirectory, type OpenedDirectory } from '../../../server/store/level-open.js';
import { LevelStore } from '../../../server/store/level-store.js';
import { createMemoryStore } from '../../../server/store/memory-store.js';
import type { DocumentStore, StoredDocument } from '../../../server/store/store.js';
import { systemClock } from '../../../shared/clock.js';
import { parseDocumentName, type DocumentName } from '../../../shared/document-name.js';
import { SyncError } from '../../../shared/errors.js';
import { defaultLimits } from '../../../shared/limits.js';
import { silentLogger } from '../../../shared/logger.js';
import { editor, textOf, WatchedFanout, WatchedWriter } from '../../support/room-watch.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { InProcessWorker } from '../../support/in-process-worker.js';
import { makeDirectory } from '../store/level-fixture.js';

const chosen = process.env['HEDDLE_SEED'];
const seeds = chosen === undefined ? Array.from({ length: 60 }, (_, i) => i + 1) : [Number(chosen)];

/** Where documents are stored, and how one of them comes to harm. */
interface Place {
  /** A store that remembers nothing of the ones before it. */
  fresh(): DocumentStore;
  /** Changes a value of the document. Returns whether it is still as it was changed. */
  damage(document: DocumentName, random: SeededRandom): Promise<() => Promise<boolean>>;
  /** Whether every damage is noticed that is read. */
  readonly hasChecksums: boolean;
}

type Registry = RoomRegistry<WatchedFanout>;

function serve(store: DocumentStore, failures: unknown[]): Registry {
  return new RoomRegistry({
    store,
    worker: new InProcessWorker(),
    clock: systemClock,
    limits: { ...defaultLimits, syncPartBytes: 300 },
    logger: silentLogger,
    gc: true,
    commitIntervalMs: 0,
    createFanout: () => new WatchedFanout(),
    failed: (error) => failures.push(error),
  });
}

/** A document, what was written into it, and what of that was acknowledged. */
class Subject {
  readonly document: DocumentName;
  readonly acked: string[] = [];
  room: Room<WatchedFanout> | undefined;
  #writer = new WatchedWriter({ isLive: false });

  constructor(name: string) {
    this.document = parseDocumentName(name);
  }

  async open(registry: Registry): Promise<Room<WatchedFanout>> {
    if (this.room !== undefined && !this.room.hasEnded) return this.room;
    this.room = await registry.open(this.document);
    this.#writer = new WatchedWriter({ isLive: false });
    this.room.join(this.#writer);
    registry.used(this.room);
    return this.room;
  }

  /** Every edit is of a client of its own, so that none depends on another. */
  async write(registry: Registry, random: SeededRandom): Promise<void> {
    const room = await this.open(registry);
    const text = `<${random.int(1e9)}${'x'.repeat(random.int(60))}>`;
    const update = editor(1 + random.int(2 ** 30)).edit(text);
    const writer = this.#writer;
    await room.accept(update, writer, true);
    await room.progress.settled();
    if (writer.acked.includes(update)) this.acked.push(text);
  }

  leave(): void {
    this.room = undefined;
  }
}

/** What came of a call: nothing, or the code of its error. Whatever is not a typed error is a fault of ours. */
async function codeOf(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (error instanceof SyncError || error instanceof StoreError) return error.code;
    throw error;
  }
}

async function runSeed(place: Place, seed: number, suite: string): Promise<void> {
  const random = new SeededRandom(seed);
  const failures: unknown[] = [];
  const victim = new Subject(`${suite}/victim-${seed}`);
  const others = [1, 2].map((number) => new Subject(`${suite}/other-${seed}-${number}`));
  const all = [victim, ...others];
  const write = async (registry: Registry, times: number): Promise<void> => {
    for (let i = 0; i < times; i++) await Promise.all(all.map((one) => one.write(registry, random)));
  };

  let registry = serve(place.fresh(), failures);
  await write(registry, 4 + random.int(4));
  if (random.chance(0.8)) await registry.checkpoint(victim.room!);
  await write(registry, random.int(4));
  if (random.chance(0.3)) await registry.checkpoint(victim.room!);
  await registry.close();
  for (const one of all) one.leave();

  const store = place.fresh();
  registry = serve(store, failures);
  const isOpenBefore = random.chance(0.5);
  if (isOpenBefore) await victim.open(registry);
  const isAsDamaged = await place.damage(victim.document, random);
  const operations: (() => Promise<unknown>)[] = [
    () => victim.write(registry, random),
    async () => registry.checkpoint(await victim.open(registry)),
    async () => {
      const room = await victim.open(registry);
      const missed = await room.catchUp.resume(random.int(room.progress.durableOffset + 1));
      for (const update of missed?.updates ?? []) expect(update.length).toBeGreaterThan(1);
    },
    () => store.load(victim.document),
  ];
  const codes = new Set<string>();
  for (let i = 0; i < 6; i++) {
    const [code] = await Promise.all([
      codeOf(random.pick(operations)()),
      ...others.map((one) => one.write(registry, random)),
    ]);
    if (code === undefined) continue;
    codes.add(code);
    if (place.hasChecksums) expect(await isAsDamaged(), `seed ${seed}: its bytes are touched`).toBe(true);
  }
  expect(
    [...codes].filter((code) => code !== 'DOCUMENT_CORRUPT'),
    `seed ${seed}`,
  ).toEqual([]);
  expect([registry.isHealthy, failures], `seed ${seed}`).toEqual([true, []]);
  await registry.close();
  for (const one of all) one.leave();

  const after = place.fresh();
  registry = serve(after, failures);
  for (const one of others) {
    const content = textOf((await one.open(registry)).content.all());
    for (const text of one.acked) expect(content, `seed ${seed}`).toContain(text);
  }
  const code = await codeOf(victim.open(registry));
  if (code === undefined && place.hasChecksums) {
    const content = textOf(victim.room!.content.all());
    for (const text of victim.acked) expect(content, `seed ${seed}`).toContain(text);
  } else expect([undefined, 'DOCUMENT_CORRUPT'], `seed ${seed}`).toContain(code);
  await registry.close();

  await after.delete(victim.document);
  registry = serve(after, failures);
  victim.leave();
  expect((await victim.open(registry)).progress.head).toBe(0);
  await victim.write(registry, random);
  await registry.close();
  expect(failures).toEqual([]);
}

function harmed(value: Uint8Array, random: SeededRandom): Uint8Array {
  if (random.chance(0.3)) return value.slice(0, random.int(value.length));
  const changed = value.slice();
  const at = random.int(changed.length);
  changed[at] = changed[at]! ^ (1 << random.int(8));
  return changed;
}

describe('D5: a damaged document ends alone', () => {
  let opened: OpenedDirectory;
  let remove: () => Promise<void>;
  let last: LevelStore | undefined;

  beforeAll(async () => {
    const place = await makeDirectory();
    ({ remove } = place);
    const { directory } = place;
    const how = { isSynced: false, createIfMissing: true, acceptLoss: false, now: 0 };
    opened = await openDirectory({ directory, ...how });
  });

  afterAll(async () => {
    await (last ?? new LevelStore(opened, 'os', systemClock)).close();
    await remove();
  });

  const level: Place = {
    hasChecksums: true,
    fresh: () => (last = new LevelStore(opened, 'os', systemClock)),
    async damage(document, random) {
      const entries: [Uint8Array, Uint8Array][] = [];
      for await (const [key, value] of opened.database.iterator()) {
        const parsed = parseKey(key);
        if ('document' in parsed && parsed.document === document) entries.push([key, value]);
      }
      const [key, value] = random.pick(entries);
      const changed = harmed(value, random);
      await opened.database.put(key, changed);
      return async () => Buffer.compare((await opened.database.get(key)) ?? new Uint8Array(0), changed) === 0;
    },
  };

  it.each(seeds)('in LevelDB: a bit or the end of any of its values (seed %i)', async (seed) => {
    await runSeed(level, seed, 'level');
  });

  it.each(seeds)('in a store without checksums: a bit or the end of any update (seed %i)', async (seed) => {
    await runSeed(new UncheckedPlace(), seed, 'memory');
  });
});

/** Keeps what it is given, but gives back one document with harm done to one of its updates. */
class UncheckedPlace implements Place {
  readonly hasChecksums = false;
  readonly #inner = createMemoryStore();
  #harm: { readonly document: DocumentName; readonly seed: number } | undefined;

  fresh(): DocumentStore {
    const inner = this.#inner;
    return {
      newEpoch: () => inner.newEpoch(),
      append: (batch) => inner.append(batch),
      load: async (document) => this.#harmed(document, await inner.load(document)),
      replace: (...given) => inner.replace(...given),
      // Of the log before a checkpoint nothing is checked but by the store.
      loadKept: async (document, after) => {
        if (this.#harm?.document === document) throw new StoreError('DOCUMENT_CORRUPT', 'a flipped bit');
        return inner.loadKept(document, after);
      },
      delete: async (document) => {
        this.#harm = undefined;
        await inner.delete(document);
      },
      list: (options) => inner.list(options),
      getState: (key) => inner.getState(key),
      setState: (key, value) => inner.setState(key, value),
      setStates: (changes) => inner.setStates(changes),
      listState: (prefix) => inner.listState(prefix),
      close: async () => {},
    };
  }

  async damage(document: DocumentName, random: SeededRandom): Promise<() => Promise<boolean>> {
    this.#harm = { document, seed: random.int(1e6) };
    return async () => true;
  }

  #harmed(document: DocumentName, stored: StoredDocument | undefined): StoredDocument | undefined {
    if (stored === undefined || this.#harm?.document !== document) return stored;
    const random = new SeededRandom(this.#harm.seed);
    const { checkpoint } = stored;
    const records = [...stored.records];
    const at = random.int(records.length + (checkpoint === undefined ? 0 : 1));
    const record = records[at];
    if (record !== undefined) records[at] = { ...record, update: harmed(record.update, random) };
    else if (checkpoint !== undefined)
      return { ...stored, checkpoint: { ...checkpoint, update: harmed(checkpoint.update, random) } };
    return { ...stored, records };
  }
}
