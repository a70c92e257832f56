// The data directory: who holds it, what is missing from it, and what cannot be written.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  append,
  codeOf,
  compact,
  errorOf,
  makeDirectory,
  named,
  openStore,
  withRaw,
} from './level-fixture.js';

let directory: string;
let remove: () => Promise<void>;

beforeEach(async () => {
  ({ directory, remove } = await makeDirectory());
});

afterEach(() => remove());

async function writeSome(): Promise<void> {
  const store = await openStore(directory);
  await store.append([append('a', 1, 3)]);
  await store.close();
}

async function expectIntact(): Promise<void> {
  const store = await openStore(directory);
  expect((await store.load(named('a')))?.records).toHaveLength(3);
  await store.close();
}

async function tables(): Promise<string[]> {
  return (await readdir(join(directory, 'leveldb'))).filter((name) => /\.(ldb|log)$/.test(name)).sort();
}

describe('lost files', () => {
  test('D2 a store without its CURRENT is refused, with its tables still there', async () => {
    await writeSome();
    await compact(directory);
    const before = await tables();
    await rename(join(directory, 'leveldb/CURRENT'), join(directory, 'CURRENT.kept'));
    for (const createIfMissing of [true, false]) {
      const error = await errorOf(openStore(directory, { createIfMissing }));
      expect(error?.code).toBe('STORE_CORRUPT');
      expect(error?.message).toContain(directory);
      expect(error?.message).toContain('CURRENT is gone');
    }
    expect(await tables()).toEqual(before);
    await rename(join(directory, 'CURRENT.kept'), join(directory, 'leveldb/CURRENT'));
    await expectIntact();
  });

  test('D2 a store without leveldb/, or without store.json, is refused', async () => {
    await writeSome();
    await rename(join(directory, 'store.json'), join(directory, 'kept'));
    expect(await codeOf(openStore(directory))).toBe('STORE_CORRUPT');
    expect(await codeOf(openStore(directory, { createIfMissing: false }))).toBe('STORE_CORRUPT');
    await rename(join(directory, 'kept'), join(directory, 'store.json'));
    await rename(join(directory, 'leveldb'), join(directory, 'kept'));
    expect(await codeOf(openStore(directory))).toBe('STORE_CORRUPT');
    expect(existsSync(join(directory, 'leveldb'))).toBe(false);
    await rename(join(directory, 'kept'), join(directory, 'leveldb'));
    await expectIntact();
  });

  test('D2 a store.json of another store, or an unreadable one, is refused', async () => {
    await writeSome();
    const path = join(directory, 'store.json');
    const text = await readFile(path, 'utf8');
    const identity = JSON.parse(text) as Record<string, unknown>;
    for (const wrong of [
      '',
      'null',
      '{}',
      '[1]',
      text.slice(0, 20),
      JSON.stringify({ ...identity, id: 'other' }),
    ]) {
      await writeFile(path, wrong);
      expect([wrong, await codeOf(openStore(directory))]).toEqual([wrong, 'STORE_CORRUPT']);
    }
    await writeFile(path, JSON.stringify({ format: 99, shape: 'new' }));
    const newer = await errorOf(openStore(directory));
    expect(newer?.code).toBe('STORE_VERSION');
    expect(newer?.message).toContain('format 99');
    await writeFile(path, text);
    await expectIntact();
  });

  test('O1 a directory without a store is refused when it must not be made', async () => {
    expect(await codeOf(openStore(directory, { createIfMissing: false }))).toBe('STORE_MISSING');
    expect(existsSync(directory)).toBe(false);
  });

  test('D1 a first start that was killed half-way starts again', async () => {
    await writeSome();
    const path = join(directory, 'store.json');
    const identity = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    await writeFile(path, JSON.stringify({ ...identity, isNew: true }));
    await rm(join(directory, 'leveldb'), { recursive: true });
    const store = await openStore(directory);
    expect(await store.list()).toEqual([]);
    await store.close();
    await writeSome();
    await expectIntact();
  });
});

describe('holder', () => {
  function startOf(pid: number): string {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}:${fields[19]}`;
  }

  async function forge(holder: Record<string, unknown>): Promise<void> {
    await writeFile(
      join(directory, 'holder.json'),
      JSON.stringify({ host: hostname(), since: 'then', token: 'x', ...holder }),
    );
  }

  test('O1 a directory another process holds is refused and names it, even without LevelDB’s LOCK', async () => {
    await writeSome();
    await rm(join(directory, 'leveldb/LOCK'));
    const child = spawn('sleep', ['60']);
    try {
      await forge({ pid: child.pid, started: existsSync('/proc/self/stat') ? startOf(child.pid!) : '' });
      const error = await errorOf(openStore(directory));
      expect(error?.code).toBe('STORE_LOCKED');
      expect(error?.message).toContain(`process ${child.pid}`);
      expect(error?.message).toContain(directory);
      await forge({ pid: child.pid, started: 'another boot:1' }); // the pid was given out anew
      if (existsSync('/proc/self/stat')) await expectIntact();
      await forge({ pid: child.pid, started: '' }); // a system that does not say when
      expect(await codeOf(openStore(directory))).toBe('STORE_LOCKED');
    } finally {
      child.kill();
      await once(child, 'exit');
    }
    await expectIntact();
  });

  test('O1 a holder that is gone, torn, our own of an earlier life, or of another host is taken over', async () => {
    await writeSome();
    const stale = [
      JSON.stringify({ pid: 2 ** 22 + 1, started: '', host: hostname(), token: 'x' }),
      '',
      '{"pid":',
      'null',
      '{"pid":-1}',
      JSON.stringify({ pid: process.pid, started: '', host: hostname(), token: 'x' }),
      JSON.stringify({ pid: process.pid, started: 'earlier:1', host: hostname(), token: 'x' }),
      JSON.stringify({ pid: 1, started: '', host: 'another host', token: 'x' }),
    ];
    for (const text of stale) {
      await writeFile(join(directory, 'holder.json'), text);
      await expectIntact();
      expect((await readdir(directory)).filter((name) => name.startsWith('holder'))).toEqual([]);
    }
  });

  test('O1 a second open in this process is refused, and close gives the directory free', async () => {
    const store = await openStore(directory);
    const error = await errorOf(openStore(directory));
    expect(error?.code).toBe('STORE_LOCKED');
    expect(error?.message).toContain(String(process.pid));
    await store.append([append('a', 1, 3)]);
    await store.close();
    await expectIntact();
  });

  test('O1 of many that open at once one wins', async () => {
    await writeSome();
    await writeFile(join(directory, 'holder.json'), '');
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => openStore(directory)));
    const winners = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    const reasons = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason as Error] : [],
    );
    for (const reason of reasons) expect(reason).toMatchObject({ code: 'STORE_LOCKED' });
    await winners[0]?.value.close();
    await expectIntact();
  });

  test('O1 LevelDB’s own lock is reported the same way, and the holder is not left behind', async () => {
    await writeSome();
    await withRaw(directory, async () => {
      const error = await errorOf(openStore(directory));
      expect(error?.code).toBe('STORE_LOCKED');
      expect(error?.message).toContain(directory);
    });
    await expectIntact();
  });
});

describe('directories that cannot be used', () => {
  test('O1 each gets one clear line with its path', async () => {
    const parent = join(directory, '..');
    await writeFile(join(parent, 'file'), 'x');
    for (const path of [join(parent, 'file'), join(parent, 'file/data'), '/proc/heddle']) {
      const error = await errorOf(openStore(path));
      expect(error?.code).toBe('STORE_UNWRITABLE');
      expect(error?.message).toContain(path);
      expect(error?.message).not.toContain('\n');
    }
    await mkdir(directory);
    await writeFile(join(directory, 'leveldb'), 'a file');
    expect(await codeOf(openStore(directory))).toMatch(/^STORE_/);
  });
});
