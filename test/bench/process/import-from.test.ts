// `heddle import-from` with the servers that people come from: each runs here, as it is on the registry, and is asked over its
// own protocol; then it is stopped, and its data is read. HEDDLE_SQLITE=1 adds Hocuspocus with its SQLite extension.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import * as Y from 'yjs';
import type { ProtocolName } from '../../../bench/protocol/protocol.js';
import { installKit } from '../../../bench/targets/install-kit.js';
import { fetchNodes } from '../../support/node-versions.js';
import { makeFolder, runHeddle } from '../../support/server-process.js';
import { until } from '../../support/stock-client.js';
import { canRun, installPackages } from '../../support/system-packages.js';
import { connectEventually } from '../targets/protocol-client.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** SQLite is compiled. */
const installPatienceMs = 900_000;
/** Both store an edit a while after it was made, and do not tell when. */
const unsaidStoringMs = 4_000;

beforeAll(() => {
  const tools = ['make', 'g++', 'python3'];
  if (!tools.every((tool) => canRun(tool, '--version'))) installPackages(...tools);
  vi.stubEnv('HEDDLE_BENCH_HOME', join(root, 'node_modules/.cache/heddle-bench'));
});

interface Old {
  readonly kit: string;
  readonly program: string;
  readonly protocol: ProtocolName & ('y-websocket' | 'hocuspocus');
  /** What it leaves in its folder, to be read; undefined for nothing. */
  readonly data?: string;
  /** Reading it takes Node 22. */
  readonly isSqlite?: boolean;
}

const all: readonly Old[] = [
  { kit: '.', program: 'y-websocket-server.mjs', protocol: 'y-websocket', data: '.' },
  { kit: '.', program: 'hocuspocus.mjs', protocol: 'hocuspocus' },
  {
    kit: 'sqlite',
    program: 'hocuspocus-sqlite.mjs',
    protocol: 'hocuspocus',
    data: 'documents.sqlite',
    isSqlite: true,
  },
];
/** Compiling SQLite for Hocuspocus takes minutes, so its file is read from there by command alone: HEDDLE_SQLITE=1. */
const olds = all.filter(({ isSqlite = false }) => !isSqlite || process.env['HEDDLE_SQLITE'] === '1');
if (olds.length < all.length)
  console.info('Left out: the data of hocuspocus-sqlite. HEDDLE_SQLITE=1 runs it.');

async function start({ kit, program }: Old, data: string) {
  const folder = await installKit({ folder: join(root, 'bench/peers', kit), label: program }, () => {});
  const child = spawn(process.execPath, [join(folder, program)], {
    cwd: folder,
    env: { ...process.env, DATA: data, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stdout })) {
    const [, port] = /^READY (\d+)$/.exec(line) ?? [];
    if (port === undefined) continue;
    const stop = async (): Promise<void> => {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    };
    return { url: `ws://127.0.0.1:${port}`, stop };
  }
  throw new Error(`${program} did not start`);
}

async function folder(): Promise<string> {
  const { path, remove } = await makeFolder();
  onTestFinished(remove);
  return path;
}

async function textIn(data: string): Promise<string> {
  const file = join(await folder(), 'document');
  const { stderr } = await runHeddle(['export', 'team/notes', file, '--data', data]);
  expect(stderr).toBe('');
  const doc = new Y.Doc();
  Y.applyUpdate(doc, await readFile(file));
  return doc.getText('text').toString();
}

test.each(olds.map((old) => [old.program, old] as const))(
  'U57, U58: documents of %s come over its protocol while it runs, and from what it leaves',
  { timeout: installPatienceMs },
  async (_, old) => {
    const [kept, overNetwork, fromData] = [await folder(), await folder(), await folder()];
    const server = await start(old, kept);
    const client = await connectEventually({ url: server.url, protocol: old.protocol }, 'team/notes');
    onTestFinished(() => client.close());
    await until(() => client.syncReplies > 0, 'it is synced');
    client.type('hello');
    if (old.protocol === 'hocuspocus')
      await until(() => client.acknowledged === client.owed, 'the server has it');
    await delay(unsaidStoringMs);

    const list = join(overNetwork, 'names');
    await writeFile(list, 'team/notes\n');
    const store = join(overNetwork, 'data');
    const flags = ['--data', store, '--documents', list, '--protocol', old.protocol];
    expect(await runHeddle(['import-from', server.url, ...flags])).toMatchObject({ code: 0, stderr: '' });
    expect(await textIn(store)).toBe('hello');

    await server.stop();
    if (old.data === undefined) return;
    const node = old.isSqlite === true ? fetchNodes()[22] : process.execPath;
    const result = await runHeddle(['import-from', join(kept, old.data), '--data', fromData], { node });
    expect(result, result.stderr).toMatchObject({ code: 0 });
    expect(await textIn(fromData)).toBe('hello');
  },
);

test('U58 a Node without SQLite says which one has it, and what else to do', async () => {
  const [data, file] = [await folder(), join(await folder(), 'documents.sqlite')];
  await writeFile(file, '');
  const result = await runHeddle(['import-from', file, '--data', data], { node: fetchNodes()[20] });
  expect(result.code).toBe(2);
  expect(result.stderr).toMatch(/takes Node 22\.13 or later.*--protocol hocuspocus\n$/);
});

test('U58 a row of SQLite that holds no document is named, and keeps no other from it', async () => {
  const [data, file] = [await folder(), join(await folder(), 'documents.sqlite')];
  const doc = new Y.Doc();
  doc.getText('text').insert(0, 'hello');
  const whole = Buffer.from(Y.encodeStateAsUpdate(doc)).toString('hex');
  const script = `
    const database = new (require('node:sqlite').DatabaseSync)(process.argv[1]);
    database.exec('CREATE TABLE documents (name varchar(255) NOT NULL, data blob NOT NULL, UNIQUE(name))');
    database.exec("INSERT INTO documents VALUES ('team/notes', x'${whole}'), ('words', 'no bytes'), ('cut', x'0102')");
    database.close();`;
  execFileSync(fetchNodes()[22], ['--no-warnings', '-e', script, file]);
  const result = await runHeddle(['import-from', file, '--data', data], { node: fetchNodes()[22] });
  expect(result.code).toBe(1);
  expect(result.stdout).toMatch(/1 imported, 0 with nothing new, 2 failed\n$/);
  expect(result.stderr).toMatch(/^words\twhat is stored under this name is no document$/m);
  expect(result.stderr).toMatch(/^cut\tUPDATE_INVALID/m);
  expect(await textIn(data)).toBe('hello');
});
