// A disk that is full, for real: what the server and the commands say, and what still works.

import { randomBytes } from 'node:crypto';
import { cp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { openLevelStore } from '../../server/store/level-store.js';
import { systemClock } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import { open } from '../client/provider/users.js';
import { makeFolder, runHeddle, ServerProcess, startServer } from '../support/server-process.js';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.js';
import { connectStock, synced, until } from '../support/stock-client.js';

const disk = await mountSmallDisk(40);
const mustRun = process.env['CI'] === 'true';
if (disk === undefined)
  console.warn('SKIPPED: a small disk can only be mounted by root, so no disk was filled');

const text = 'what was acknowledged';
let base = '';
let remove: () => Promise<void> = async () => {};
let made = 0;
const freshPath = (): string => join(base, `made-${made++}`);

test('O20 the tests of a full disk are left out with a word, and nowhere in CI', () => {
  if (mustRun) expect(disk, 'nothing can be mounted here').toBeDefined();
});

beforeAll(async () => {
  const folder = await makeFolder();
  [base, remove] = [folder.path, folder.remove];
});

afterAll(async () => {
  disk?.unmount();
  await remove();
});

function textOf(update: Uint8Array): string {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, update);
  return doc.getText('text').toJSON();
}

async function exported(data: string, name = 'doc'): Promise<string> {
  const file = freshPath();
  const result = await runHeddle(['export', name, file, '--data', data]);
  expect(result, result.stderr).toMatchObject({ code: 0 });
  return textOf(await readFile(file));
}

describe.runIf(disk !== undefined)('on a disk that is full', () => {
  const { path, fill, empty } = disk ?? ({} as SmallDisk);
  const data = join(path ?? '', 'data');

  beforeAll(async () => {
    const server = await startServer({ data });
    const client = connectStock({ url: server.url, document: 'doc' });
    await synced(client);
    for (const letter of text) client.ydoc.getText('text').insert(client.ydoc.getText('text').length, letter);
    client.ydoc.getMap('more').set('bytes', 'x'.repeat(300_000));
    const witness = connectStock({ url: server.url, document: 'doc' });
    await until(() => witness.ydoc.getText('text').toJSON() === text, 'the server has it');
    for (const one of [client, witness]) one.close();
    await server.stop();
    fill();
  });

  test('O20 serve says so and ends in 75, at each start, and leaves nothing behind', async () => {
    const before = await readdir(data);
    for (let start = 0; start < 3; start++) {
      const { code, stderr } = await runHeddle(['serve', '--auth', 'none', '--port', '0', '--data', data]);
      expect(stderr).toMatch(
        /^heddle: data directory [^\n]* is out of space: free some and start again[^\n]*\n$/,
      );
      expect(code).toBe(75);
    }
    expect(await readdir(data)).toEqual(before);
  });

  test('O20 docs, verify, export and backup to another disk work, and change nothing', async () => {
    const before = await readdir(join(data, 'leveldb'));
    expect((await runHeddle(['docs', '--data', data])).stdout).toMatch(/^doc\t/);
    expect(await runHeddle(['verify', '--data', data])).toMatchObject({
      code: 0,
      stdout: '1 documents, 0 problems\n',
    });
    expect(await exported(data)).toBe(text);
    const backup = freshPath();
    expect(await runHeddle(['backup', backup, '--data', data])).toMatchObject({ code: 0, stderr: '' });
    const restored = freshPath();
    await runHeddle(['restore', backup, '--data', restored]);
    expect(await exported(restored)).toBe(text);
    expect(await readdir(join(data, 'leveldb'))).toEqual(before);
  });

  test('O20 compact says what to do, and makes a compacted store on another disk', async () => {
    const refused = await runHeddle(['compact', '--data', data]);
    expect(refused.code).toBe(75);
    expect(refused.stderr).toMatch(/is out of space.*with --into <directory>\n$/);
    const into = freshPath();
    const done = await runHeddle(['compact', '--into', into, '--data', data]);
    expect(done, done.stderr).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout).toMatch(/^1 documents compacted: \d+ bytes before, \d+ after, in /);
    expect((await runHeddle(['docs', '--json', '--data', into])).stdout).toContain('"records":0');
    expect(await exported(into)).toBe(text);
    expect(await runHeddle(['verify', '--data', into])).toMatchObject({ code: 0 });
    // A directory that has a store already is not written over.
    expect((await runHeddle(['compact', '--into', into, '--data', data])).stderr).toContain(
      'already holds a store',
    );
  });

  test('O20 a target that is full is named as the target, and nothing half is left there', async () => {
    const elsewhere = freshPath();
    empty();
    await cp(data, elsewhere, { recursive: true });
    fill();
    const before = await readdir(path);
    for (const args of [['export', 'doc'], ['backup']]) {
      const target = join(path, 'target');
      const { code, stderr } = await runHeddle([...args, target, '--data', elsewhere]);
      expect(stderr).toMatch(new RegExp(`^heddle: ${target} cannot be written: its disk is full[^\n]*\n$`));
      expect(code).toBe(75);
      expect(stderr).not.toContain(elsewhere);
    }
    expect(await readdir(path)).toEqual(before);
    const restore = await runHeddle(['restore', await backupOf(elsewhere), '--data', join(path, 'restored')]);
    expect(restore.code).toBe(75);
    expect(restore.stderr).toContain(join(path, 'restored'));
  });

  test('O20 a folder for temporary files that is full too is named', async () => {
    const { code, stderr } = await runHeddle(['verify', '--data', data], { env: { TMPDIR: path } });
    expect(code).toBe(75);
    expect(stderr).toContain('TMPDIR');
    expect(stderr).toContain('its disk is full');
  });

  test('O20 no store that a running server has is read past it', async () => {
    empty();
    const server = await startServer({ data });
    fill();
    try {
      const { code, stderr } = await runHeddle(['verify', '--data', data]);
      expect(code).toBe(2);
      expect(stderr).toContain('is in use by process');
    } finally {
      empty();
      await server.stop();
    }
  });

  test('O20 with space again the server goes on with all it had', async () => {
    empty();
    expect(await exported(data)).toBe(text);
    const server = new ServerProcess({ data });
    await server.start();
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });
});

test.runIf(disk !== undefined)(
  'O20 a disk that the server itself has filled keeps all that was acknowledged',
  async () => {
    const own = (await mountSmallDisk(24))!;
    const data = join(own.path, 'data');
    const server = await startServer({ data });
    const client = open(server.url, 'doc', { token: '' });
    await client.whenSynced;
    const ytext = client.doc.getText('text');
    const run = { isUp: true };
    const stopped = server.untilLogged('stopped', 0, 120_000).finally(() => (run.isUp = false));
    let acknowledged = 0;
    client.on('sync-status', ({ phase, unsyncedChanges }) => {
      if (phase === 'synced' && unsyncedChanges === 0) acknowledged = Math.max(acknowledged, ytext.length);
    });
    // Letters that compress to nothing would fill no disk.
    while (run.isUp) {
      ytext.insert(0, randomBytes(150_000).toString('base64'));
      await Promise.race([client.sync().catch(() => undefined), stopped]);
    }
    await stopped;
    expect(await server.ended()).toEqual({ code: 75, signal: null });
    client.destroy();
    own.fill();
    expect(acknowledged).toBeGreaterThan(1_000_000);
    for (let start = 0; start < 2; start++)
      expect(await runHeddle(['serve', '--auth', 'none', '--port', '0', '--data', data])).toMatchObject({
        code: 75,
      });
    expect(await runHeddle(['verify', '--data', data])).toMatchObject({ code: 0 });
    expect((await exported(data)).length).toBeGreaterThanOrEqual(acknowledged);
    const into = freshPath();
    expect(await runHeddle(['compact', '--into', into, '--data', data])).toMatchObject({ code: 0 });
    expect((await exported(into)).length).toBeGreaterThanOrEqual(acknowledged);
    own.unmount();
  },
);

async function backupOf(data: string): Promise<string> {
  const file = freshPath();
  await runHeddle(['backup', file, '--data', data]);
  return file;
}

test('O21 a copy of a running directory is refused in words, or has all that was acknowledged before it was made', async () => {
  const data = freshPath();
  const server = await startServer({ data });
  const client = open(server.url, 'doc', {});
  await client.whenSynced;
  const ytext = client.doc.getText('text');
  let outcomes = '';
  for (let round = 0; round < 6; round++) {
    for (let i = 0; i < 40; i++) ytext.insert(0, 'x'.repeat(2_000));
    await client.sync();
    const acknowledged = ytext.length;
    const copy = freshPath();
    const writing = setInterval(() => ytext.insert(0, 'y'.repeat(20_000)), 1);
    await cp(data, copy, { recursive: true }).catch(() => undefined);
    clearInterval(writing);
    // The server still runs: its copy is not taken for its directory.
    const verified = await runHeddle(['verify', '--data', copy]);
    if (verified.code === 0) {
      const store = await openLevelStore({ directory: copy, durability: 'os', clock: systemClock });
      const doc = new Y.Doc();
      const stored = await store.load('doc' as DocumentName);
      for (const { update } of stored?.records ?? []) Y.applyUpdate(doc, update);
      if (stored?.checkpoint !== undefined) Y.applyUpdate(doc, stored.checkpoint.update);
      await store.close();
      expect(doc.getText('text').length).toBeGreaterThanOrEqual(acknowledged);
      outcomes += 'whole ';
    } else {
      expect(verified.stderr + verified.stdout).toMatch(
        /damaged|lost \d+ of its last commits|does not hold a store|problems/,
      );
      expect(verified.stderr).not.toContain('in use');
      outcomes += 'refused ';
    }
  }
  console.info(`copies of a running directory: ${outcomes}`);
  client.destroy();
  await server.stop();
});
