// Disks that fail, fill up or lose what they had: no false acknowledgement, no silent loss.

import { execFileSync } from 'node:child_process';
import { cp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../../shared/clock.js';
import { systemClock } from '../../../shared/clock.js';
import type { Durability } from '../../../server/store/store.js';
import { openDirectory } from '../../../server/store/level-open.js';
import { LevelStore } from '../../../server/store/level-store.js';
import { append, codeOf, compact, errorOf, makeDirectory, named, openStore } from './level-fixture.js';

let directory: string;
let remove: () => Promise<void>;

beforeEach(async () => {
  ({ directory, remove } = await makeDirectory());
});

afterEach(() => remove());

interface Write {
  readonly sync: boolean;
}

/** A store whose writes are seen, and fail when told to. */
async function openWatched(durability: Durability, clock: Clock = systemClock) {
  const opened = await openDirectory({
    directory,
    isSynced: durability === 'fsync',
    createIfMissing: true,
    acceptLoss: false,
    now: 0,
  });
  const writes: Write[] = [];
  const state = { inFlight: 0, most: 0, failure: undefined as Error | undefined };
  const batch = () => {
    const real = opened.database.batch();
    const write = real.write.bind(real);
    real.write = async (options?: object) => {
      writes.push(options as Write);
      state.inFlight += 1;
      state.most = Math.max(state.most, state.inFlight);
      try {
        if (state.failure) throw state.failure;
        await write(options ?? {});
      } finally {
        state.inFlight -= 1;
      }
    };
    return real;
  };
  const database = new Proxy(opened.database, {
    get(target, name) {
      if (name === 'batch') return batch;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return { store: new LevelStore({ ...opened, database }, durability, clock), writes, state };
}

test('S19 state that is set in the turn of an append, before it, is written in the same batch', async () => {
  const { store, writes } = await openWatched('fsync');
  await store.append([append('a', 1, 1)]);
  const before = writes.length;
  await Promise.all([store.setState('k', Uint8Array.of(1)), store.append([append('a', 2, 1)])]);
  expect(writes.length).toBe(before + 1);
  await store.close();
});

describe('failed writes', () => {
  test.each([
    ['IO error: /x/000005.log: No space left on device', 'STORE_FULL'],
    ['IO error: /x/000005.log: File too large', 'STORE_FULL'],
    ['IO error: /x/000005.log: Input/output error', 'STORE_IO'],
    ['IO error: /x/000005.log: Read-only file system', 'STORE_UNWRITABLE'],
    ['Corruption: bad record', 'STORE_CORRUPT'],
  ])('D1 %s: the store fails with %s and stays failed', async (text, code) => {
    const { store, state } = await openWatched('fsync');
    await store.append([append('a', 1, 1)]);
    state.failure = Object.assign(new Error(text), { code: 'LEVEL_IO_ERROR' });
    const pending = [
      store.append([append('a', 2, 1)]),
      store.append([append('b', 1, 1)]),
      store.delete(named('a')),
    ];
    const errors = await Promise.all(pending.map((promise) => errorOf(promise)));
    state.failure = undefined; // the disk is well again: what failed must still not be believed
    expect(errors[0]?.code).toBe(code);
    expect(errors[0]?.message).toContain(directory);
    for (const error of errors) expect(error).toBe(errors[0]);
    const later = [
      store.append([append('a', 2, 1)]),
      store.load(named('a')),
      store.list(),
      store.getState('k'),
      store.setState('k', undefined),
      store.replace(named('a'), { offset: 1, time: 1, update: Uint8Array.of(1) }),
    ];
    for (const promise of later) expect(await errorOf(promise)).toBe(errors[0]);
    await store.close();
    const again = await openStore(directory);
    expect((await again.load(named('a')))?.records).toHaveLength(1);
    await again.append([append('a', 2, 1)]);
    await again.close();
  });

  test('D1 a file size limit is STORE_FULL; what was acknowledged is there afterwards', async (context) => {
    if (!limitFileSize('500000')) return context.skip();
    let acknowledged = 0;
    let error;
    const store = await openStore(directory, { durability: 'fsync' });
    try {
      for (let offset = 1; offset < 100 && !error; offset += 1) {
        error = await errorOf(store.append([append('a', offset, 1, 20_000)]));
        if (!error) acknowledged = offset;
      }
      expect(error?.code).toBe('STORE_FULL');
      expect(await codeOf(store.load(named('a')))).toBe('STORE_FULL');
      await store.close();
    } finally {
      limitFileSize('unlimited');
    }
    const again = await openStore(directory);
    const stored = await again.load(named('a'));
    expect(stored!.records.length).toBeGreaterThanOrEqual(acknowledged);
    await again.append([append('a', stored!.records.length + 1, 1)]);
    await again.close();
  });

  /** False where the system has no prlimit. Only the soft limit, so that it can be taken back. */
  function limitFileSize(bytes: string): boolean {
    try {
      execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  }
});

describe('durability', () => {
  test('D1 fsync: each commit is synced, one is in flight, and what waits is joined', async () => {
    const { store, writes, state } = await openWatched('fsync');
    const pending = [];
    for (let offset = 1; offset <= 200; offset += 1) {
      pending.push(store.append([append(`d${offset % 5}`, Math.ceil(offset / 5), 1)]));
      if (offset % 20 === 0) await new Promise((resolve) => void setImmediate(resolve));
    }
    await Promise.all(pending);
    expect(writes.every((write) => write.sync)).toBe(true);
    expect(writes.length).toBeLessThan(30);
    expect(state.most).toBe(1);
    await store.close();
  });

  test('D1 os: appends are not synced, checkpoints, deletions, state and close are', async () => {
    const { store, writes } = await openWatched('os');
    await store.append([append('a', 1, 2)]);
    expect(writes.map((write) => write.sync)).toEqual([false]);
    await store.replace(named('a'), { offset: 1, time: 1, update: Uint8Array.of(1) });
    await store.setState('k', Uint8Array.of(1));
    await store.delete(named('a'));
    expect(writes.map((write) => write.sync)).toEqual([false, true, true, true]);
    await store.append([append('a', 1, 2)]);
    await store.close();
    expect(writes.map((write) => write.sync)).toEqual([false, true, true, true, false, true]);
  });

  test('D1 interval: a synced write each second, only when something is unsynced', async () => {
    let tick = () => {};
    let cancelled = false;
    const clock: Clock = {
      ...systemClock,
      every(periodMs, run) {
        expect(periodMs).toBe(1000);
        tick = run;
        return { cancel: () => (cancelled = true) };
      },
    };
    const { store, writes } = await openWatched('interval', clock);
    tick();
    await store.append([append('a', 1, 2)]);
    tick();
    tick();
    await store.list();
    await store.append([append('a', 3, 2)]);
    expect(writes.map((write) => write.sync)).toEqual([false, true, false]);
    await store.close();
    expect(cancelled).toBe(true);
  });

  test('O2 a document that was seen before is appended to without a read', async () => {
    const { store } = await openWatched('os');
    await store.append([append('a', 1, 2), append('b', 1, 1)]);
    await store.close();
    const opened = await openDirectory({
      directory,
      isSynced: false,
      createIfMissing: false,
      acceptLoss: false,
      now: 0,
    });
    let reads = 0;
    const database = new Proxy(opened.database, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        if (name === 'get' || name === 'iterator' || name === 'keys') reads += 1;
        return value.bind(target) as unknown;
      },
    });
    const again = new LevelStore({ ...opened, database }, 'os', systemClock);
    await again.load(named('a'));
    await again.append([append('b', 2, 1)]);
    const before = reads;
    for (let offset = 3; offset < 20; offset += 1)
      await again.append([append('a', offset, 1), append('b', offset, 1)]);
    expect(reads).toBe(before);
    await again.close();
  });
});

describe('lost commits', () => {
  async function writeCommits(durability: Durability, count = 200): Promise<void> {
    const store = await openStore(directory, { durability });
    for (let offset = 1; offset <= count; offset += 1) {
      await store.append([append(`d${offset % 10}`, Math.ceil(offset / 10), 1, 100)]);
    }
    await store.close();
  }

  async function fileNamed(pattern: RegExp): Promise<string> {
    const names = (await readdir(join(directory, 'leveldb'))).filter((name) => pattern.test(name)).sort();
    return join(directory, 'leveldb', names.at(-1)!);
  }

  /** The code of the refusal, if it is one line that names the directory. */
  async function refusal(): Promise<string | undefined> {
    const error = await errorOf(openStore(directory, { createIfMissing: false }));
    return error?.message.includes(directory) && !error.message.includes('\n') ? error.code : undefined;
  }

  test.each([
    ['its last 100 bytes', (size: number) => size - 100],
    ['half of it', (size: number) => size >> 1],
    ['all of it', () => 0],
  ])('D1 a log that lost %s is refused', async (_title, left) => {
    await writeCommits('fsync');
    const log = await fileNamed(/\.log$/);
    await truncate(log, left((await stat(log)).size));
    expect(await refusal()).toBe('STORE_CORRUPT');
  });

  test('D1 a deleted log is refused', async () => {
    await writeCommits('fsync');
    await rm(await fileNamed(/\.log$/));
    expect(await refusal()).toBe('STORE_CORRUPT');
  });

  test('D1 a byte flipped in the middle of the log is refused, whatever the durability', async () => {
    await writeCommits('os');
    const log = await fileNamed(/\.log$/);
    const content = await readFile(log);
    content[content.length >> 1]! ^= 4;
    await writeFile(log, content);
    expect(await refusal()).toBe('STORE_CORRUPT');
  });

  test('D1 cut or missing tables and manifests are refused', async () => {
    await writeCommits('fsync', 100);
    await compact(directory);
    const saved = `${directory}.saved`;
    await cp(directory, saved, { recursive: true });
    const harms: [RegExp, (path: string) => Promise<void>][] = [
      [/^MANIFEST/, async (path) => truncate(path, (await stat(path)).size - 10)],
      [/^MANIFEST/, (path) => truncate(path, 0)],
      [/^MANIFEST/, (path) => rm(path)],
      [/^CURRENT/, (path) => truncate(path, 0)],
      [/\.ldb$/, async (path) => truncate(path, (await stat(path)).size >> 1)],
      [/\.ldb$/, (path) => truncate(path, 0)],
      [/\.ldb$/, (path) => rm(path)],
    ];
    for (const [pattern, harm] of harms) {
      await rm(directory, { recursive: true });
      await cp(saved, directory, { recursive: true });
      await harm(await fileNamed(pattern));
      const code = await codeOf(openStore(directory, { createIfMissing: false }));
      expect(code).toMatch(/^STORE_(CORRUPT|IO)$/);
    }
  });

  test('D1 a tail that was never synced may be lost without a refusal', async () => {
    await writeCommits('os');
    const log = await fileNamed(/\.log$/);
    await truncate(log, (await stat(log)).size >> 1);
    const store = await openStore(directory);
    for (const { document } of await store.list()) expect(await store.load(document)).toBeDefined();
    await store.close();
  });

  test('D1 an accepted loss opens with new epochs and stays accepted', async () => {
    const sound = await openStore(directory, { durability: 'fsync' });
    for (let offset = 1; offset <= 40; offset += 1) await sound.append([append('d1', offset, 1, 100)]);
    const before = await sound.load(named('d1'));
    await sound.close();
    const log = await fileNamed(/\.log$/);
    const handle = await open(log, 'r+');
    await handle.truncate(((await handle.stat()).size * 3) >> 2);
    await handle.close();
    expect(await refusal()).toBe('STORE_CORRUPT');
    const store = await openStore(directory, { acceptLoss: true, durability: 'fsync' });
    const after = await store.load(named('d1'));
    expect(after?.epoch).not.toBe(before?.epoch);
    expect(after!.records.length).toBeLessThan(before!.records.length);
    await store.append([append('d1', after!.records.length + 1, 1)]);
    await store.close();
    const again = await openStore(directory);
    expect((await again.load(named('d1')))?.epoch).toBe(after?.epoch);
    await again.close();
  });

  test('D1 the ring of commits goes round', async () => {
    const opened = await openDirectory({
      directory,
      isSynced: false,
      createIfMissing: true,
      acceptLoss: false,
      now: 0,
    });
    const store = new LevelStore(opened, 'os', systemClock);
    const batch = opened.database.batch();
    for (let commit = 1; commit <= 70_000; commit += 1) {
      const { key, value } = opened.ledger.next();
      batch.put(key, value);
    }
    await batch.write();
    await store.append([append('a', 1, 1)]);
    await store.close();
    const again = await openStore(directory);
    expect((await again.load(named('a')))?.records).toHaveLength(1);
    await again.close();
  });
});
