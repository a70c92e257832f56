// The built server on every version of Node that README names: it is installed without a warning, starts, syncs stock and own
// clients, and stops.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, onTestFinished, test, type TestContext } from 'vitest';
import { nativeClient } from '../interop/native-client.js';
import { fetchNodes, nodeMajors, nodeVersions, npm, type NodeMajor } from '../support/node-versions.js';
import { makeFolder, startServer, type ServeOptions, type ServerProcess } from '../support/server-process.js';
import { connectStock, synced, until } from '../support/stock-client.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  devDependencies: Record<string, string>;
};
const fellBack = 'uWebSockets.js cannot be used here';
/** uWebSockets.js has binaries on npm up to this one. */
const lastWithBinary = 22;

let nodes: Readonly<Record<NodeMajor, string>> | undefined;
let consumer = '';
let tarball = '';
let unreachable: unknown;

beforeAll(async () => {
  const folder = await makeFolder();
  consumer = folder.path;
  try {
    nodes = fetchNodes();
    const [{ filename }] = JSON.parse(
      execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', consumer], {
        cwd: root,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    ) as [{ filename: string }];
    tarball = join(consumer, filename);
    npm(process.execPath, consumer, ['install', ...packages()]);
  } catch (error) {
    unreachable = error;
  }
  return folder.remove;
}, 240_000);

/** What README says to install for a server. */
function packages(): string[] {
  return [tarball, ...['yjs', 'level'].map((name) => `${name}@${devDependencies[name]}`)];
}

/** The Node to test with. Without the registry the test is skipped, which is a failure in CI. */
function nodeFor(major: NodeMajor, context: TestContext): string {
  if (nodes !== undefined && unreachable === undefined) return nodes[major];
  if (process.env['CI'] !== undefined) throw new Error('npm cannot be reached', { cause: unreachable });
  return context.skip(`npm cannot be reached: ${String(unreachable)}`);
}

async function start(options: Omit<ServeOptions, 'data'>): Promise<ServerProcess> {
  const data = await makeFolder();
  onTestFinished(data.remove);
  const server = await startServer({ ...options, data: data.path });
  onTestFinished(() => server.kill());
  return server;
}

async function expectSync(server: ServerProcess): Promise<void> {
  const stocks = [0, 1].map(() => connectStock({ url: server.url, document: 'doc' }));
  onTestFinished(() => stocks.forEach((stock) => stock.close()));
  const native = nativeClient(`${server.url}/`, 'doc');
  await Promise.all(stocks.map(synced));
  const documents = [...stocks.map(({ ydoc }) => ydoc), native.doc];
  for (const doc of documents) doc.getText('text').insert(0, 'word ');
  const texts = (): string[] => documents.map((doc) => String(doc.getText('text')));
  await until(() => texts().every((text) => text === 'word '.repeat(3)), 'all have the same');
  await until(() => native.sync.unsynced === 0, 'it is durable');
  expect((await fetch(`${server.url.replace('ws', 'http')}/readyz`)).status).toBe(200);
}

describe.each(nodeMajors)('Node %s', (major) => {
  test('U14 the server starts, syncs two stock clients and one of its own, and stops', async (context) => {
    const node = nodeFor(major, context);
    expect(execFileSync(node, ['--version'], { encoding: 'utf8' })).toMatch(new RegExp(`^v${major}\\.`));
    // This repository has uWebSockets.js installed.
    const server = await start({ node });
    await expectSync(server);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    expect(server.output.split(fellBack).length - 1).toBe(major > lastWithBinary ? 1 : 0);
    expect(server.stderr).toBe('');
  });

  test('U15 what README says to install brings no warning about engines, and runs', async (context) => {
    const node = nodeFor(major, context);
    const said = npm(node, consumer, ['install', '--dry-run', '--engine-strict', ...packages()]);
    expect(said).not.toContain('EBADENGINE');
    const server = await start({
      node,
      command: join(consumer, 'node_modules/heddle/dist/server/cli/main.js'),
    });
    await expectSync(server);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    expect(server.output.split(fellBack).length - 1).toBe(1);
  });
});

test('U15 npm does say so of a package that asks for another Node', (context) => {
  const uws = `uWebSockets.js@${devDependencies['uWebSockets.js']}`;
  const install = ['install', '--dry-run', '--engine-strict', uws];
  expect(() => npm(nodeFor(20, context), consumer, install)).toThrow('EBADENGINE');
});

test('U16 README names the versions of Node that are tested, and package.json lets them in', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const named = `Node ${nodeMajors.slice(0, -1).join(', ')} and ${nodeMajors.at(-1)}`;
  expect(readme).toContain(named);
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    engines: { node: string };
  };
  const [, first, minor] = /^>=(\d+)\.(\d+)$/.exec(engines.node) ?? [];
  expect(Number(first)).toBe(nodeMajors[0]);
  expect(Number(nodeVersions[20].split('.')[1])).toBeGreaterThanOrEqual(Number(minor));
});
