// The real store on a disk, and what it hands to LevelDB: batches, keys and values.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../../shared/clock.js';
import type { LevelDatabase } from '../../../server/store/level-database.js';
import { openDirectory } from '../../../server/store/level-open.js';
import { LevelStore } from '../../../server/store/level-store.js';
import type { DocumentStore } from '../../../server/store/store.js';

/** How long a commit takes on the clock of the server, ms: about that of an fsync. */
const commitMs = 2;

export interface CountedStore {
  readonly store: DocumentStore;
  /** Since the last reset. Bytes are those of keys and values. */
  readonly written: { batches: number; bytes: number };
  /** Calls whose work on the disk is not done. */
  readonly underWay: number;
  reset(): void;
  remove(): Promise<void>;
}

/** A new store, whose commits take the same time on the given clock however fast the disk is. */
export async function openCountedStore(clock: Clock): Promise<CountedStore> {
  const parent = await mkdtemp(join(tmpdir(), 'heddle-counters-'));
  const directory = join(parent, 'data');
  const opened = await openDirectory({
    directory,
    isSynced: false,
    createIfMissing: true,
    acceptLoss: false,
    now: clock.now(),
  });
  const written = { batches: 0, bytes: 0 };
  const database = countingDatabase(opened.database, written);
  const inner = new LevelStore({ ...opened, database }, 'os', clock);
  let underWay = 0;
  const track = async <T>(work: Promise<T>): Promise<T> => {
    underWay++;
    return work.finally(() => underWay--);
  };
  const store: DocumentStore = {
    newEpoch: () => inner.newEpoch(),
    append: async (batch) => {
      const outcomes = await track(inner.append(batch));
      await new Promise<void>((resolve) => void clock.after(commitMs, resolve));
      return outcomes;
    },
    load: (document) => track(inner.load(document)),
    replace: (...given) => track(inner.replace(...given)),
    loadKept: (document, after) => track(inner.loadKept(document, after)),
    delete: (document) => track(inner.delete(document)),
    list: (options) => track(inner.list(options)),
    getState: (key) => track(inner.getState(key)),
    setState: (key, value) => track(inner.setState(key, value)),
    setStates: (changes) => track(inner.setStates(changes)),
    listState: (prefix) => inner.listState(prefix),
    close: () => inner.close(),
  };
  return {
    store,
    written,
    get underWay() {
      return underWay;
    },
    reset: () => void Object.assign(written, { batches: 0, bytes: 0 }),
    remove: async () => {
      await inner.close();
      await rm(parent, { recursive: true, force: true });
    },
  };
}

function countingDatabase(
  database: LevelDatabase,
  written: { batches: number; bytes: number },
): LevelDatabase {
  const batch = (): ReturnType<LevelDatabase['batch']> => {
    const real = database.batch();
    const [put, del, write] = [real.put.bind(real), real.del.bind(real), real.write.bind(real)];
    const counted = {
      put: (key: Uint8Array, value: Uint8Array) => {
        written.bytes += key.length + value.length;
        put(key, value);
        return real;
      },
      del: (key: Uint8Array) => {
        written.bytes += key.length;
        del(key);
        return real;
      },
      write: async (options: object) => {
        written.batches++;
        await write(options);
      },
    };
    return Object.assign(real, counted);
  };
  return new Proxy(database, {
    get(target, name) {
      if (name === 'batch') return batch;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
