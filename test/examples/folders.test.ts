// The folders of examples: each stands by itself, and all agree with each other and with the packages that are tested here.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { HeddleProvider } from '../../client/index.js';
import { linkProject } from '../support/linked-project.js';
import { serverForTest } from '../support/test-server.js';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly type: string;
  readonly private: boolean;
  readonly scripts: Record<string, string>;
  readonly dependencies: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const examples = join(root, 'examples');
const read = (path: string): string => readFileSync(join(examples, path), 'utf8');
const manifestOf = (path: string): Manifest => JSON.parse(read(`${path}/package.json`)) as Manifest;

const names = readdirSync(examples).filter((name) => existsSync(join(examples, name, 'package.json')));
const editors = names.filter((name) => existsSync(join(examples, name, 'opening.ts')));
const own = manifestOf('..');
/** Packages that only examples have, as they are too large to be installed for the tests. */
const onlyInExamples = ['next'];

/** A copy of an example with links to the packages of this repository. */
async function linked(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-example-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { dependencies, devDependencies = {} } = manifestOf(name);
  const packages = Object.keys({ ...dependencies, ...devDependencies });
  linkProject(
    folder,
    packages.filter((one) => one !== 'heddle' && !onlyInExamples.includes(one)),
  );
  await cp(join(examples, name), folder, { recursive: true });
  return folder;
}

describe('U47 examples', () => {
  test('U47 there is one for each of these', () => {
    expect(names).toEqual([
      'accounts',
      'blocknote',
      'codemirror',
      'express',
      'lexical',
      'monaco',
      'next',
      'prosemirror',
      'quill',
      'react',
      'tiptap',
    ]);
    expect(editors).toEqual([
      'blocknote',
      'codemirror',
      'lexical',
      'monaco',
      'prosemirror',
      'quill',
      'tiptap',
    ]);
  });

  test.each(names)(
    'U47 %s starts by npm start, with the versions that are tested here, and says so in a few lines',
    (name) => {
      const { scripts, dependencies, devDependencies = {}, type, private: isPrivate } = manifestOf(name);
      expect([type, isPrivate, Object.keys(scripts)]).toEqual(['module', true, ['start']]);
      const { devDependencies: ownDev = {} } = own;
      const pinned: Readonly<Record<string, string>> = { heddle: own.version, ...ownDev };
      for (const [dependency, version] of Object.entries({ ...dependencies, ...devDependencies })) {
        expect(version, dependency).toMatch(/^\d+\.\d+\.\d+$/);
        if (onlyInExamples.includes(dependency)) continue;
        expect(version, dependency).toBe(pinned[dependency]);
      }
      expect(dependencies).toHaveProperty('yjs');
      const text = read(`${name}/README.md`);
      expect(text).toContain('npm install && npm start');
      // The one of accounts says what each of its files does.
      expect(text.split('\n').length).toBeLessThan(name === 'accounts' ? 40 : 20);
    },
  );

  test.each(names)('U47 %s imports nothing that it has not, and nothing outside its folder', (name) => {
    const { dependencies, devDependencies = {} } = manifestOf(name);
    const files = readdirSync(join(examples, name), { recursive: true, encoding: 'utf8' }).filter(
      (file) => /\.(tsx?|m?js)$/.test(file) && !/node_modules|\.next|next-env/.test(file),
    );
    expect(files.length).toBeGreaterThan(1);
    for (const file of files) {
      const imported = [...read(`${name}/${file}`).matchAll(/^import\s(?:[^;]*?\sfrom\s)?'([^']+)'/gm)].map(
        ([, from = '']) => from,
      );
      for (const from of imported) {
        if (from.startsWith('node:')) continue;
        if (from.startsWith('.')) {
          expect(join('/', name, file, '..', from), `${file} imports ${from}`).toMatch(`/${name}/`);
          continue;
        }
        const [first = '', second = ''] = from.split('/');
        const dependency = first.startsWith('@') ? `${first}/${second}` : first;
        expect({ ...dependencies, ...devDependencies }, `${file} imports ${from}`).toHaveProperty([
          dependency,
        ]);
      }
    }
  });

  test.each(['main.ts', 'opening.ts'])(
    'U47 what the editors have in common is the same in all: %s',
    (file) => {
      for (const name of editors) expect(read(`${name}/${file}`), name).toBe(read(`tiptap/${file}`));
    },
  );

  test('U47 Next.js: its route gives a token that the server believes, and its types fit', async () => {
    const secret = 'a secret of at least thirty-two bytes';
    process.env['JWT_SECRET'] = secret;
    onTestFinished(() => void delete process.env['JWT_SECRET']);
    // By name, as its own compiler options hold for it and not those of the tests.
    const { GET } = (await import(join(examples, 'next/app/api/sync-token/route.ts'))) as {
      GET: (request: Request) => Promise<Response>;
    };
    const url = 'http://localhost:3000/api/sync-token';
    expect((await GET(new Request(url))).status).toBe(401);
    const response = await GET(new Request(url, { headers: { cookie: 'theme=dark; user=ada' } }));
    const server = await serverForTest({ auth: { secret } });
    const provider = new HeddleProvider(server.url, 'team/lines', new Y.Doc(), {
      WebSocketPolyfill: WebSocket,
      tabs: false,
      token: await response.text(),
    });
    onTestFinished(() => provider.destroy());
    await provider.sync();
    expect(provider.connection.claims?.sub).toBe('ada');

    const folder = await linked('next');
    await writeFile(
      join(folder, 'tsconfig.test.json'),
      '{ "extends": "./tsconfig.json", "compilerOptions": { "types": ["node"], "incremental": false } }',
    );
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.test.json'], {
      cwd: folder,
      encoding: 'utf8',
    });
  });

  test('U47 Express: who logs in gets a token, and opens the document of the team with it', async () => {
    const folder = await linked('express');
    const child = spawn(process.execPath, ['server.js'], { cwd: folder, env: { ...process.env, PORT: '0' } });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    onTestFinished(async () => {
      child.kill();
      if (child.exitCode === null) await once(child, 'close');
    });
    await expect.poll(() => said, { timeout: 60_000 }).toContain('Open http');
    const url = /http:\S+\//.exec(said)![0];
    expect(await (await fetch(url)).text()).toContain('src="./main.js"></script>');
    expect((await fetch(`${url}api/sync-token`)).status).toBe(401);
    const login = await fetch(`${url}login/ada`, { method: 'POST' });
    const cookie = login.headers.get('set-cookie')!.split(';')[0]!;
    const provider = new HeddleProvider(`${url}sync`, 'team/lines', new Y.Doc(), {
      WebSocketPolyfill: WebSocket,
      tabs: false,
      token: async () => (await fetch(`${url}api/sync-token`, { headers: { cookie } })).text(),
    });
    onTestFinished(() => provider.destroy());
    provider.doc.getArray('lines').push(['hello']);
    await provider.sync();
    expect(provider.connection.claims?.sub).toBe('ada');
  }, 90_000);
});
