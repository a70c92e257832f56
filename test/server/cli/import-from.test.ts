// `heddle import-from` as an operator runs it: on a server that runs, and on data that the real package y-leveldb has written.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { LeveldbPersistence } from 'y-leveldb';
import * as Y from 'yjs';
import {
  makeFolder,
  runHeddle,
  startServer,
  type CommandResult,
  type ServerProcess,
} from '../../support/server-process.js';
import { connectStock, synced, until } from '../../support/stock-client.js';

let base = '';
let made = 0;
let remove: () => Promise<void> = async () => {};

beforeAll(async () => {
  const folder = await makeFolder();
  [base, remove] = [folder.path, folder.remove];
});
afterAll(() => remove());

const freshPath = (): string => join(base, `made-${made++}`);

/** A list of names, as a file. */
async function listOf(names: readonly string[]): Promise<string> {
  const file = freshPath();
  await writeFile(file, names.join('\n'));
  return file;
}

function importFrom(place: string, data: string, ...flags: string[]): Promise<CommandResult> {
  return runHeddle(['import-from', place, '--data', data, ...flags]);
}

/** A document of a store, as the command `export` gives it. */
async function stored(data: string, name: string): Promise<Y.Doc> {
  const file = freshPath();
  const { code, stderr } = await runHeddle(['export', name, file, '--data', data, '--no-gc']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const doc = new Y.Doc({ gc: false });
  Y.applyUpdate(doc, await readFile(file));
  return doc;
}

const textOf = (doc: Y.Doc): string => doc.getText('text').toString();

describe('from a server that runs', () => {
  /** Larger than one message of a server that sends parts, and formatted, so that the parts wait for each other. */
  const large = Array.from({ length: 6_000 }, (_, i) => createHash('md5').update(`${i}`).digest('base64'));
  let server: ServerProcess;

  async function fill(name: string, write: (text: Y.Text) => void): Promise<void> {
    const client = connectStock({ url: server.url, document: name });
    const witness = connectStock({ url: server.url, document: name });
    await Promise.all([synced(client), synced(witness)]);
    client.ydoc.transact(() => write(client.ydoc.getText('text')));
    const length = client.ydoc.getText('text').length;
    await until(() => witness.ydoc.getText('text').length === length, `the server has ${name}`);
    client.close();
    witness.close();
  }

  beforeAll(async () => {
    server = await startServer({ data: freshPath() });
    await fill('notes/one', (text) => text.insert(0, 'one'));
    await fill('with a space', (text) => text.insert(0, 'two'));
    await fill('large', (text) =>
      large.forEach((line, i) => text.insert(text.length, line, { bold: i % 2 === 0 })),
    );
  });
  afterAll(() => server.kill());

  test('U57 documents that are named come whole, under the names that clients know them by', async () => {
    const data = freshPath();
    const list = await listOf(['notes/one', 'with a space', 'large', 'nobody has it']);
    const first = await importFrom(server.url, data, '--documents', list);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/^notes\/one\t\d+ bytes imported$/m);
    expect(first.stdout).toContain('nobody has it\tnothing new');
    expect(first.stdout).toMatch(/3 imported, 1 with nothing new, 0 failed\n$/);
    expect(textOf(await stored(data, 'notes/one'))).toBe('one');
    expect(textOf(await stored(data, 'with a space'))).toBe('two');
    expect(textOf(await stored(data, 'large'))).toBe(large.join(''));
    const again = await importFrom(server.url, data, '--documents', list);
    expect(again.stdout).toMatch(/0 imported, 4 with nothing new, 0 failed\n$/);
  });

  test('U57 a later run brings what is new since, beside what was written here', async () => {
    const data = freshPath();
    const list = await listOf(['later']);
    await fill('later', (text) => text.insert(0, 'a'));
    await importFrom(server.url, data, '--documents', list);
    await fill('later', (text) => text.insert(1, 'b'));
    const { stdout } = await importFrom(server.url, data, '--documents', list);
    expect(stdout).toMatch(/1 imported/);
    expect(textOf(await stored(data, 'later'))).toBe('ab');
  });

  test('U57 {document} in the address stands for the name', async () => {
    const data = freshPath();
    const list = await listOf(['one']);
    const { code } = await importFrom(`${server.url}/notes/{document}?x=1`, data, '--documents', list);
    expect(code).toBe(0);
    expect(textOf(await stored(data, 'one'))).toBe('one');
  });

  test('U57 what cannot be had is told, and keeps no other document from it; a server that is not there makes no store', async () => {
    const data = freshPath();
    const list = await listOf(['notes/one', 'x'.repeat(600)]);
    const partly = await importFrom(server.url, data, '--documents', list);
    expect(partly.code).toBe(1);
    expect(partly.stderr).toContain('xxx\t');
    expect(textOf(await stored(data, 'notes/one'))).toBe('one');
    const nowhere = freshPath();
    const gone = await importFrom('ws://127.0.0.1:9', nowhere, '--documents', list);
    expect(gone).toMatchObject({
      code: 2,
      stderr: 'heddle: ws://127.0.0.1:9 cannot be reached: ECONNREFUSED\n',
    });
    expect(existsSync(nowhere)).toBe(false);
    expect((await importFrom(server.url, nowhere)).stderr).toContain('--documents is missing');
    expect((await importFrom('ftp://old', nowhere, '--documents', list)).stderr).toContain('ws:// or wss://');
  });
});

describe('from a directory of y-leveldb', () => {
  /** Documents as the package itself stores them: many small updates, and one that was compacted. */
  async function makeOld(): Promise<string> {
    const directory = freshPath();
    const old = new LeveldbPersistence(directory);
    const write = async (name: string, letters: string, flush: boolean): Promise<void> => {
      const doc = new Y.Doc();
      const updates: Uint8Array[] = [];
      doc.on('update', (update: Uint8Array) => updates.push(update));
      for (const letter of letters) doc.getText('text').insert(doc.getText('text').length, letter);
      for (const update of updates) await old.storeUpdate(name, update);
      if (flush) await old.flushDocument(name);
    };
    await write('notes/one', 'many small updates', false);
    // As y-websocket's server calls the document `zwei Wörter`.
    await write('zwei%20W%C3%B6rter', 'compacted', true);
    await old.setMeta('notes/one', 'owner', 'ada');
    await old.destroy();
    return directory;
  }

  async function fingerprint(directory: string): Promise<string> {
    const hash = createHash('sha256');
    for (const name of (await readdir(directory)).sort())
      hash.update(name).update(await readFile(join(directory, name)));
    return hash.digest('hex');
  }

  test('U58 all documents come, and the directory stays as it is', async () => {
    const directory = await makeOld();
    const before = await fingerprint(directory);
    const data = freshPath();
    const result = await importFrom(directory, data);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(/2 imported, 0 with nothing new, 0 failed\n$/);
    expect(textOf(await stored(data, 'notes/one'))).toBe('many small updates');
    expect(textOf(await stored(data, 'zwei Wörter'))).toBe('compacted');
    expect(await fingerprint(directory)).toBe(before);
    expect((await importFrom(directory, data)).stdout).toMatch(/0 imported, 2 with nothing new/);
  });

  test('U58 a table that is cut off is told, in the words of the directory, and nothing passes for whole', async () => {
    const directory = await makeOld();
    // Opened anew, LevelDB makes a table of what it had in its log.
    await new LeveldbPersistence(directory).destroy();
    const table = (await readdir(directory)).find((name) => name.endsWith('.ldb'))!;
    const { size } = await stat(join(directory, table));
    await truncate(join(directory, table), size - 100);
    const { code, stdout, stderr } = await importFrom(directory, freshPath());
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^heddle: .* is damaged, and documents of it have not come: .+\n$/);
    expect(stderr).toContain(directory);
    expect(stderr).not.toContain('heddle-read-');
  });

  test('U58 the store that is imported into is no source', async () => {
    const directory = await makeOld();
    const before = await fingerprint(directory);
    const result = await importFrom(`${directory}/.`, directory);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain('is the store that is imported into');
    expect(await fingerprint(directory)).toBe(before);
  });

  test('U58 what is no such directory is told in words, and makes no store', async () => {
    const data = freshPath();
    expect(await importFrom(base, data)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is not a LevelDB directory') as string,
    });
    expect((await importFrom(join(base, 'nothing'), data)).code).toBe(2);
    expect(existsSync(data)).toBe(false);
    // A store of our own is LevelDB too.
    const own = freshPath();
    const server = await startServer({ data: own });
    onTestFinished(() => server.kill());
    await server.stop();
    expect((await importFrom(join(own, 'leveldb'), data)).stderr).toContain('not of y-leveldb');
  });
});
