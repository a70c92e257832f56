// The edges of the command: words that are misspelt, files that are there already, standard streams, directories that are none.

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import packageJson from '../../../package.json' with { type: 'json' };
import { makeFolder, runHeddle } from '../../support/server-process.js';
import { runPiped } from './piped-command.js';

const secret = 'a secret of more than thirty-two bytes';
let base = '';
let data = '';
let made = 0;
let remove: () => Promise<void> = async () => {};

const update = (text: string): Uint8Array => {
  const ydoc = new Y.Doc();
  ydoc.getText('text').insert(0, text);
  return Y.encodeStateAsUpdate(ydoc);
};

beforeAll(async () => {
  const folder = await makeFolder();
  [base, remove] = [folder.path, folder.remove];
  data = join(base, 'data');
  await runPiped(['import', 'notes/one', '-', '--data', data], { input: update('one') });
});

afterAll(() => remove());

const freshPath = (): string => join(base, `made-${made++}`);

async function heddle(...args: string[]): Promise<string> {
  const result = await runHeddle(args);
  expect(result, result.stderr).toMatchObject({ code: 0, stderr: '' });
  return result.stdout;
}

async function refused(...args: string[]): Promise<string> {
  const result = await runHeddle(args);
  expect(result.stderr).toMatch(/^heddle: [^\n]+\n$/);
  expect(result).toMatchObject({ code: 2, stdout: '' });
  return result.stderr;
}

/** The text of an exported update. */
function textOf(bytes: Uint8Array): string {
  const ydoc = new Y.Doc();
  Y.applyUpdate(ydoc, bytes);
  return ydoc.getText('text').toString();
}

describe('words', () => {
  test.each([['--version'], ['-v'], ['version']])('U18 %s tells the version', async (word) => {
    expect(await heddle(word)).toBe(`${packageJson.version}\n`);
  });

  test.each([
    [['verfy'], /unknown command "verfy"; did you mean verify\?/],
    [['sevre'], /did you mean serve\?/],
    [['--versoin'], /unknown option "--versoin"; did you mean --version\?/],
    [['frobnicate'], /unknown command "frobnicate"; heddle --help lists all/],
    [['backup', 'x', '--forse'], /unknown option --forse; did you mean --force\?/],
    [['serve', '--auth', 'none', '--dmo'], /unknown option --dmo; did you mean --demo\?/],
    [['token', '--sbu', 'ann'], /unknown option --sbu; did you mean --sub\?/],
    [['bench', '--quik'], /unknown option --quik; did you mean --quick\?/],
  ])('U18 %j is answered by what was probably meant', async (args, message) => {
    expect(await refused(...args)).toMatch(message);
  });

  test('U18 help on a command needs nothing else to be right', async () => {
    for (const name of ['serve', 'token', 'docs', 'backup', 'bench']) {
      const help = await heddle(name, '--help');
      expect(help).toMatch(new RegExp(`^Usage: heddle ${name}`));
      expect(await heddle('help', name)).toBe(help);
      expect(await heddle(name, '--nonsense', 'x', 'y', 'z', '--help')).toBe(help);
    }
  });

  test('U18 arguments may stand before and after flags', async () => {
    expect(await heddle('docs', '--data', data, 'notes/')).toContain('notes/one');
    expect(await heddle('docs', 'notes/', '--data', data)).toContain('notes/one');
    expect(await refused('docs', 'a', '--data', data, 'b')).toContain('unexpected argument b');
  });

  test('U18 a fault of the config file has its place, and repeats nothing of it', async () => {
    const config = freshPath();
    await writeFile(config, `{\n  "port": 1234,\n  "jwtSecret": "${secret}\n}`);
    const message = await refused('serve', '--config', config, '--data', freshPath());
    expect(message).toContain(`${config} is not valid JSON: a text does not end in line 3, column `);
    expect(message).not.toContain(secret);
    await writeFile(config, '\ufeff{ "auht": "none" }');
    expect(await refused('serve', '--config', config)).toContain('unknown key "auht"; did you mean auth?');
  });
});

describe('files', () => {
  test.each([['backup'], ['export', 'notes/one']])(
    'U19 %s writes over nothing without --force',
    async (...args) => {
      const file = freshPath();
      await writeFile(file, 'precious');
      expect(await refused(...args, file, '--data', data)).toContain(
        `${file} is there already: name another file, or write over it with --force`,
      );
      expect(await readFile(file, 'utf8')).toBe('precious');
      await heddle(...args, file, '--data', data, '--force');
      expect(await readFile(file, 'utf8')).not.toBe('precious');
      expect(await refused(...args, base, '--data', data, '--force')).toContain(`${base} is a folder`);
      expect((await readdir(base)).filter((name) => name.endsWith('.part'))).toEqual([]);
    },
  );

  test.each([['backup'], ['export', 'notes/one']])(
    'U19 %s --force leaves what was there when it cannot read the store',
    async (...args) => {
      const file = freshPath();
      await writeFile(file, 'precious');
      await refused(...args, file, '--data', freshPath(), '--force');
      expect(await readFile(file, 'utf8')).toBe('precious');
    },
  );

  test('U20 export and import pass a document through a pipe, and say so elsewhere', async () => {
    const { stdout, stderr } = await runPiped(['export', 'notes/one', '-', '--data', data]);
    expect(textOf(stdout)).toBe('one');
    expect(stderr).toMatch(/^\d+ bytes written to standard output\n$/);
    const imported = await runPiped(['import', 'copy', '-', '--data', data], { input: stdout });
    expect(imported.stdout.toString()).toMatch(/imported as offset 1\n$/);
    const none = await runPiped(['import', 'copy', '-', '--data', data], { input: Buffer.from('nonsense') });
    expect(none.stderr).toMatch(/^heddle: standard input is not a Yjs update/);
  });

  test('U20 backup and restore pass a store through a pipe; a cut one restores nothing', async () => {
    const { stdout, stderr } = await runPiped(['backup', '-', '--data', data]);
    expect(stderr).toMatch(/documents written to standard output, 0 left out\n$/);
    const target = freshPath();
    const cut = await runPiped(['restore', '-', '--data', target], { input: stdout.subarray(0, -9) });
    expect(cut).toMatchObject({ code: 2 });
    expect(cut.stderr).toMatch(/^heddle: backup from standard input is damaged/);
    expect(await readdir(target)).toEqual([]);
    expect(await runPiped(['restore', '-', '--data', target], { input: stdout })).toMatchObject({ code: 0 });
    expect(await heddle('docs', '--data', target)).toContain('notes/one');
  });

  test('U20 secrets and the config file may come by standard input', async () => {
    const flags = ['--sub', 'ann', '--doc', '**:read'];
    const { stdout } = await runPiped(['token', '--secret-file', '-', ...flags], {
      input: Buffer.from(`${secret}\n`),
    });
    expect(stdout.toString()).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const broken = await runPiped(['serve', '--config', '-'], { input: Buffer.from('{') });
    expect(broken.stderr).toBe(
      'heddle: standard input is not valid JSON: a name is missing at the end in line 1, column 2\n',
    );
    expect(await refused('serve', '--auth', 'none', '--tls-key', '-', '--tls-cert', '-')).toContain(
      '--tls-key and --tls-cert must be files',
    );
  });

  test('U20 a bench prints one of its reports in place of the table', async () => {
    const earlier = freshPath();
    const results = await runHeddle(['bench', '--from', earlier]);
    expect(results).toMatchObject({ code: 2 });
    expect(await refused('bench', '--json', '-', '--html', '-')).toContain('only one can be printed');
    const recorded = new URL('../../../bench/results.json', import.meta.url);
    const text = await readFile(recorded, 'utf8');
    const printed = await runPiped(['bench', '--from', '-', '--json', '-'], { input: Buffer.from(text) });
    expect(JSON.parse(printed.stdout.toString())).toEqual(JSON.parse(text));
  });
});

describe('directories and documents', () => {
  test('U21 a file in place of the data directory is told in words', async () => {
    const file = freshPath();
    await writeFile(file, 'a file');
    for (const [directory, message] of [
      [file, `data directory ${file} is a file: name a directory`],
      [join(file, 'deep'), `data directory ${join(file, 'deep')} cannot be made: ${file} is a file`],
    ] as const) {
      for (const args of [
        ['serve', '--auth', 'none', '--port', '0', '--log-level', 'error'],
        ['docs'],
        ['verify'],
        ['import', 'a', file],
      ])
        expect(await refused(...args, '--data', directory)).toContain(message);
    }
    expect(await readFile(file, 'utf8')).toBe('a file');
  });

  test('U21 compact and export refuse a document that is not there', async () => {
    expect(await refused('compact', 'notes/oen', '--data', data)).toContain(
      'there is no document "notes/oen"',
    );
    expect(await refused('export', 'notes/oen', '-', '--data', data)).toContain('there is no document');
  });

  test('U21 import makes a store where there is none, and nothing for what it cannot take', async () => {
    const directory = join(freshPath(), 'deep');
    const file = freshPath();
    await writeFile(file, 'no update');
    await refused('import', 'a', file, '--data', directory);
    await expect(readdir(directory)).rejects.toThrow('ENOENT');
    await writeFile(file, update('text'));
    expect(await heddle('import', 'a', file, '--data', directory)).toMatch(
      new RegExp(`imported as offset 1 of a new store in ${directory}\n$`),
    );
    expect(await heddle('verify', '--data', directory)).toBe('1 documents, 0 problems\n');
  });
});
