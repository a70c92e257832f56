// The commands on the data directory of a stopped server, as an operator would run them, on stores a server has written.

import { createHash } from 'node:crypto';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { withStore } from '../../../server/cli/store-options.js';
import { loadDocument } from '../../../server/room/load-document.js';
import type { LevelStore } from '../../../server/store/level-store.js';
import type { DocumentName } from '../../../shared/document-name.js';
import { defaultLimits } from '../../../shared/limits.js';
import { makeFolder, runHeddle, startServer, type CommandResult } from '../../support/server-process.js';
import { connectStock, synced, until } from '../../support/stock-client.js';

const names = ['notes/one', 'notes/two', 'other'];
/** Text that no compression shortens, so that it can be found in the files. */
const markerOf = (name: string): string => createHash('sha512').update(name).digest('base64');

let base = '';
let pristine = '';
let copies = 0;
let remove: () => Promise<void> = async () => {};
/** What the clients had when the server was stopped. */
const originals = new Map<string, Y.Doc>();

beforeAll(async () => {
  const folder = await makeFolder();
  [base, remove] = [folder.path, folder.remove];
  pristine = join(base, 'pristine');
  const server = await startServer({ data: pristine });
  for (const name of names) {
    const [client, witness] = [0, 1].map(() => connectStock({ url: server.url, document: name }));
    await synced(client!);
    await synced(witness!);
    const ytext = client!.ydoc.getText('text');
    for (let index = 0; index < 20; index++) ytext.insert(ytext.length, `${name} ${index}, `);
    ytext.delete(3, 40);
    client!.ydoc.getMap('map').set('marker', markerOf(name));
    await until(() => sameState(client!.ydoc, witness!.ydoc), 'the server has it all');
    originals.set(name, witness!.ydoc);
    client!.close();
    witness!.close();
  }
  await server.stop();
});

afterAll(() => remove());

function sameState(a: Y.Doc, b: Y.Doc): boolean {
  return Buffer.from(Y.encodeStateAsUpdate(a)).equals(Buffer.from(Y.encodeStateAsUpdate(b)));
}

/** A path of the test's own, with nothing there. */
function freshPath(): string {
  return join(base, `made-${copies++}`);
}

/** A store of the test's own. */
async function copyOfStore(): Promise<string> {
  const path = freshPath();
  await cp(pristine, path, { recursive: true });
  return path;
}

/** Runs a command that must succeed; its output. */
async function heddle(...args: string[]): Promise<string> {
  const result = await runHeddle(args);
  expect(result, result.stderr).toMatchObject({ code: 0, stderr: '' });
  return result.stdout;
}

/** Runs a command that must refuse, in one line. */
async function refused(...args: string[]): Promise<string> {
  const result: CommandResult = await runHeddle(args);
  expect(result.stderr).toMatch(/^heddle: [^\n]+\n$/);
  expect(result).toMatchObject({ code: 2, stdout: '' });
  return result.stderr;
}

/** What `export` writes, as a document. */
async function exported(name: string, data: string, ...flags: string[]): Promise<Y.Doc> {
  const file = freshPath();
  await heddle('export', name, file, '--data', data, ...flags);
  const ydoc = new Y.Doc();
  Y.applyUpdate(ydoc, await readFile(file));
  return ydoc;
}

function contentOf(ydoc: Y.Doc): unknown {
  const stateVector = [...Y.decodeStateVector(Y.encodeStateVector(ydoc))];
  return { text: ydoc.getText('text').toString(), map: ydoc.getMap('map').toJSON(), stateVector };
}

/** What a stock client gets of every document from a server on this directory. */
async function expectServed(data: string): Promise<void> {
  const server = await startServer({ data });
  try {
    for (const name of names) {
      const client = connectStock({ url: server.url, document: name });
      await synced(client);
      expect(contentOf(client.ydoc)).toEqual(contentOf(originals.get(name)!));
      client.close();
    }
  } finally {
    await server.stop();
  }
}

describe('the commands on a stopped server', () => {
  test('O1 docs lists the documents, by prefix and as JSON', async () => {
    const data = await copyOfStore();
    const lines = (await heddle('docs', '--data', data)).trim().split('\n');
    expect(lines.map((line) => line.split('\t')[0])).toEqual(names);
    const json = (await heddle('docs', 'notes/', '--json', '--data', data)).trim().split('\n');
    const summaries = json.map((line) => JSON.parse(line) as { document: string; lastOffset: number });
    expect(summaries.map(({ document }) => document)).toEqual(['notes/one', 'notes/two']);
    expect(summaries.every(({ lastOffset }) => lastOffset > 0)).toBe(true);
    expect(await heddle('docs', 'nothing/', '--data', data)).toBe('');
  });

  test('D4 verify passes a store that is as it was written', async () => {
    expect(await heddle('verify', '--data', await copyOfStore())).toBe('3 documents, 0 problems\n');
  });

  test('D4 verify finds a byte that has changed, names the document, and touches nothing', async () => {
    const data = await copyOfStore();
    // Opening moves the records from the write-ahead log into tables.
    await heddle('verify', '--data', data);
    const table = await flipByte(join(data, 'leveldb'), markerOf('notes/two'));
    const damaged = await readFile(table);
    const { code, stdout, stderr } = await runHeddle(['verify', '--data', data]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toContain('notes/two');
    expect(await readFile(table)).toEqual(damaged);
  });

  test('D3 C1 compact replaces the log by a checkpoint; the documents stay as they are', async () => {
    const data = await copyOfStore();
    expect(await heddle('compact', 'other', '--data', data)).toMatch(/^1 documents compacted/);
    expect(await heddle('compact', '--data', data)).toMatch(/^2 documents compacted/);
    expect(await heddle('compact', '--data', data)).toMatch(/^0 documents compacted/);
    const listed = (await heddle('docs', '--json', '--data', data)).trim().split('\n');
    expect(listed.map((line) => (JSON.parse(line) as { records: number }).records)).toEqual([0, 0, 0]);
    await heddle('verify', '--data', data);
    await expectServed(data);
  });

  test('D3 N8 compact drops the log that was kept before a checkpoint, which the other commands leave alone', async () => {
    const data = await copyOfStore();
    const document = 'notes/one' as DocumentName;
    const keep = async (store: LevelStore): Promise<void> => {
      const { log } = await loadDocument(store, document, defaultLimits);
      const update = Y.mergeUpdates(log.all());
      await store.replace(document, { offset: log.head, time: 1, update }, 1);
    };
    const kept = async (store: LevelStore): Promise<number> => (await store.loadKept(document, 0)).length;
    await withStore(data, keep);
    const count = await withStore(data, kept);
    expect(count).toBeGreaterThan(0);
    expect(await heddle('verify', '--data', data)).toBe('3 documents, 0 problems\n');
    const file = freshPath();
    await heddle('backup', file, '--data', data);
    const restored = freshPath();
    await heddle('restore', file, '--data', restored);
    expect(await withStore(restored, kept)).toBe(0);
    expect(contentOf(await exported(document, restored))).toEqual(contentOf(originals.get(document)!));
    expect(await withStore(data, kept)).toBe(count);
    const report = await heddle('compact', document, '--data', data);
    const [, before, after] = /^1 documents compacted: (\d+) bytes before, (\d+) after/.exec(report)!;
    expect(Number(before)).toBeGreaterThan(Number(after) + 400);
    expect(await withStore(data, kept)).toBe(0);
    expect(await heddle('compact', document, '--data', data)).toMatch(/^0 documents compacted/);
    await expectServed(data);
  });

  test('C1 export and import bring a document into another store', async () => {
    const data = await copyOfStore();
    const ydoc = await exported('notes/one', data);
    expect(contentOf(ydoc)).toEqual(contentOf(originals.get('notes/one')!));

    const file = freshPath();
    await heddle('export', 'notes/one', file, '--data', data);
    expect(await heddle('import', 'copies/one', file, '--data', data)).toMatch(/imported as offset 1\n$/);
    expect(contentOf(await exported('copies/one', data))).toEqual(contentOf(ydoc));
    expect(await heddle('import', 'copies/one', file, '--data', data)).toBe('nothing new\n');
    // Into a document that has something else already.
    await heddle('import', 'other', file, '--data', data);
    const both = new Y.Doc();
    for (const name of ['other', 'notes/one'])
      Y.applyUpdate(both, Y.encodeStateAsUpdate(originals.get(name)!));
    expect(contentOf(await exported('other', data))).toMatchObject({ text: both.getText('text').toString() });
    await heddle('verify', '--data', data);
  });

  test('C2 import refuses what is no update, and one that needs others', async () => {
    const data = await copyOfStore();
    const file = freshPath();
    for (const bytes of [Buffer.from('no update at all'), Buffer.alloc(0), Buffer.from([1, 1, 255])]) {
      await writeFile(file, bytes);
      expect(await refused('import', 'other', file, '--data', data)).toContain('is not a Yjs update');
    }
    const ydoc = new Y.Doc();
    ydoc.getText('text').insert(0, 'first');
    const before = Y.encodeStateVector(ydoc);
    ydoc.getText('text').insert(5, 'second');
    await writeFile(file, Y.encodeStateAsUpdate(ydoc, before));
    expect(await refused('import', 'other', file, '--data', data)).toContain('depends on updates');
    expect(await refused('import', 'other', '/nowhere/at/all', '--data', data)).toContain('cannot be read');
    expect(contentOf(await exported('other', data))).toEqual(contentOf(originals.get('other')!));
    expect(await heddle('docs', '--data', data)).not.toContain('copies');
  });

  test('O1 export refuses a document that is not there', async () => {
    const data = await copyOfStore();
    const file = freshPath();
    expect(await refused('export', 'nothing', file, '--data', data)).toContain(
      'there is no document "nothing"',
    );
    await expect(readFile(file)).rejects.toThrow('ENOENT');
  });

  test('D1 C1 backup and restore bring a whole store elsewhere, and clients sync with it', async () => {
    const data = await copyOfStore();
    await heddle('compact', 'other', '--data', data);
    const file = freshPath();
    expect(await heddle('backup', file, '--data', data)).toContain('3 documents written');
    const restored = freshPath();
    expect(await heddle('restore', file, '--data', restored)).toContain('3 documents restored');
    expect(await heddle('verify', '--data', restored)).toBe('3 documents, 0 problems\n');
    for (const name of names)
      expect(contentOf(await exported(name, restored))).toEqual(contentOf(await exported(name, data)));
    await expectServed(restored);
    expect(await refused('restore', file, '--data', restored)).toContain('already holds a store');
  });

  test('O1 restore takes nothing but a whole backup, and leaves no half of a store', async () => {
    const data = await copyOfStore();
    const file = freshPath();
    await heddle('backup', file, '--data', data);
    const whole = await readFile(file);
    const target = freshPath();
    for (const bytes of [
      whole.subarray(0, whole.length - 20),
      Buffer.from('not a backup'),
      Buffer.alloc(0),
    ]) {
      await writeFile(file, bytes);
      await refused('restore', file, '--data', target);
      expect(await readdir(target).catch(() => [])).toEqual([]);
    }
  });

  test('O1 nothing is made where there is no store', async () => {
    const data = freshPath();
    const file = freshPath();
    await writeFile(file, Buffer.of(0, 0));
    for (const args of [
      ['docs'],
      ['verify'],
      ['compact'],
      ['export', 'a', `${file}.out`],
      ['backup', `${file}.out`],
    ])
      expect(await refused(...args, '--data', data)).toContain('does not hold a store');
    await expect(readdir(data)).rejects.toThrow('ENOENT');
  });

  test('D1 O1 no command touches the store of a running server', async () => {
    const data = await copyOfStore();
    const file = freshPath();
    await writeFile(file, Buffer.of(0, 0));
    const server = await startServer({ data });
    try {
      for (const args of [
        ['docs'],
        ['verify'],
        ['compact'],
        ['import', 'other', file],
        ['backup', `${file}.out`],
      ])
        expect(await refused(...args, '--data', data)).toContain('is in use by process');
    } finally {
      await server.stop();
    }
    await expectServed(data);
  });
});

/** Changes one bit of a text in the tables of a database; the file it was in. */
async function flipByte(folder: string, text: string): Promise<string> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const bytes = await readFile(path);
    const at = name.endsWith('.ldb') ? bytes.indexOf(text.slice(20, 40)) : -1;
    if (at === -1) continue;
    bytes[at + 2]! ^= 1;
    await writeFile(path, bytes);
    return path;
  }
  throw new Error(`"${text}" is in none of the tables`);
}
