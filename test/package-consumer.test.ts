// The packed package in the project of somebody else, who has installed it for pages: none of what only a server needs.

import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Rolldown } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as client from '../client/index.js';
import * as reactHooks from '../client/react/index.js';
import * as svelteFunctions from '../client/svelte/index.js';
import * as vueComposables from '../client/vue/index.js';
import * as server from '../server/index.js';
import { serverPackages } from '../server/server-packages.js';

interface PackageFile {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
  readonly peerDependenciesMeta: Record<string, { optional: boolean }>;
  readonly exports: Record<string, string | { types: string; default: string }>;
  readonly typesVersions: Record<string, Record<string, string[]>>;
  readonly unpkg: string;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const {
  dependencies,
  devDependencies,
  peerDependencies,
  peerDependenciesMeta,
  exports,
  typesVersions,
  unpkg,
} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as PackageFile;

let consumer: string;
let installed: string;
const inConsumer = (name: string): string => join(consumer, name);

/** Makes what a package manager would: the package, what it depends on, and what the application has itself. */
beforeAll(() => {
  consumer = mkdtempSync(join(tmpdir(), 'heddle-consumer-'));
  const modules = inConsumer('node_modules');
  installed = join(modules, 'heddle');
  mkdirSync(modules);
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', consumer], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  ) as [{ filename: string }];
  execFileSync('tar', ['-xf', filename], { cwd: consumer });
  symlinkSync(inConsumer('package'), installed);
  const ofTheApplication = [
    'yjs',
    'react',
    'csstype',
    '@types/react',
    'isomorphic.js',
    'vue',
    '@vue',
    'svelte',
  ];
  for (const name of [...Object.keys(dependencies), ...ofTheApplication]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  writeFileSync(inConsumer('package.json'), '{ "type": "module" }');
}, 60_000);

afterAll(() => rmSync(consumer, { recursive: true, force: true }));

/** What a module of the consumer prints. */
function run(code: string): string {
  writeFileSync(inConsumer('run.js'), code);
  // As installed: from its own folder, without the folders above that of this repository.
  return execFileSync(process.execPath, ['--preserve-symlinks', 'run.js'], {
    cwd: consumer,
    encoding: 'utf8',
  }).trim();
}

describe('K11 an application that installs Heddle for its pages', () => {
  test('K11 gets nothing that only a server needs', () => {
    expect(Object.keys(dependencies).sort()).toEqual(['jose', 'lib0', 'ws', 'y-protocols']);
    for (const [name, version] of Object.entries(serverPackages)) {
      expect(peerDependenciesMeta[name], name).toEqual({ optional: true });
      expect(peerDependencies[name]).toBe(`^${version.replace(/^.*@/, '')}`);
      expect(devDependencies[name]).toBe(version);
    }
  });

  test('K11 has a client that loads', () => {
    const loads = "import { HeddleProvider } from 'heddle/client'; console.log(typeof HeddleProvider);";
    expect(run(loads)).toBe('function');
  });

  test('K11 is told what to install where it starts a server after all, and nothing is on the disk', () => {
    const starts = `
      import { createServer } from 'heddle/server';
      const server = createServer({ port: 0, data: './data', auth: 'none' });
      await server.listen().catch(({ name, message }) => console.log(name + ': ' + message));`;
    expect(run(starts)).toMatch(
      `ConfigError: level is not installed, and a server needs it. Install it with: npm install level@${serverPackages.level}`,
    );
    const byHand = starts.replace('{ port', "{ transport: 'uws', port");
    expect(run(byHand)).toMatch(
      "ConfigError: uWebSockets.js is not installed, and the transport 'uws' needs it. Install it with: " +
        `npm install uWebSockets.js@${serverPackages['uWebSockets.js']}`,
    );
    expect(existsSync(inConsumer('data'))).toBe(false);
  });

  test("K11 is told where to import from when it imports 'heddle', whatever name it asks for", () => {
    const names = [client, reactHooks, vueComposables, svelteFunctions, server].flatMap(Object.keys);
    const exported = readFileSync(join(installed, 'dist/shared/entries/package-root.js'), 'utf8');
    const main = names.filter((name) => !/^(use|default|errorTable|ConfigError|StoreError)/.test(name));
    expect(main.length).toBeGreaterThan(8);
    for (const name of main) expect(exported).toContain(`export const ${name} = refuse()`);
    const inOnePage = readFileSync(join(installed, 'dist/shared/entries/not-in-a-page.js'), 'utf8');
    for (const name of Object.keys(server)) expect(inOnePage).toContain(`export const ${name} = refuse()`);
    writeFileSync(inConsumer('wrong.js'), "import { HeddleProvider } from 'heddle'; HeddleProvider;");
    expect(run("await import('./wrong.js').catch(({ message }) => console.log(message));")).toMatch(
      /^'heddle' alone cannot be imported. Import from 'heddle\/client' \(HeddleProvider\)/,
    );
  });

  test('K11 is told by its bundle that a server is none of a page', async () => {
    writeFileSync(inConsumer('page.js'), "import { createServer } from 'heddle/server'; createServer();");
    const result = (await build({
      root: consumer,
      configFile: false,
      logLevel: 'error',
      build: { write: false, rolldownOptions: { input: inConsumer('page.js') } },
    })) as Rolldown.RolldownOutput;
    expect(result.output[0].code).toContain('run in Node, and were imported for a page');
  });
});

describe('K11 the packed package', () => {
  const files = (): string[] =>
    readdirSync(inConsumer('package'), { recursive: true, encoding: 'utf8' }).map((name) =>
      name.replaceAll('\\', '/'),
    );

  test('K11 has no map, nothing that points to one, and nothing of the compiler', () => {
    expect(files().filter((name) => /\.(map|tsbuildinfo)$/.test(name))).toEqual([]);
    const scripts = files().filter((name) => /\.(js|d\.ts)$/.test(name));
    expect(scripts.length).toBeGreaterThan(300);
    const pointing = scripts.filter((name) =>
      /^\/\/# sourceMappingURL=(?!data:)/m.test(readFileSync(join(inConsumer('package'), name), 'utf8')),
    );
    expect(pointing).toEqual([]);
  });

  test('K11 has the client as one file, which needs nothing but Yjs', () => {
    expect(exports['./dist/cdn/heddle-client.js']).toBe(unpkg);
    const code = readFileSync(join(installed, unpkg), 'utf8');
    const imported = [...code.matchAll(/\b(?:from|import)\s*\(?["']([^"']+)["']/g)].map(([, name]) => name);
    expect(new Set(imported)).toEqual(new Set(['yjs']));
    const names =
      "import * as one from 'heddle/dist/cdn/heddle-client.js'; console.log(Object.keys(one).join());";
    expect(run(names).split(',').sort()).toEqual(Object.keys(client).sort());
    expect(readFileSync(join(installed, 'dist/cdn/licenses.md'), 'utf8')).toContain('## lib0 - ');
  });

  test('K11 marks each file of the hooks as one that runs in a browser', () => {
    for (const file of readdirSync(join(installed, 'dist/client/react')).filter((name) =>
      name.endsWith('.js'),
    ))
      expect(readFileSync(join(installed, 'dist/client/react', file), 'utf8'), file).toMatch(
        /^'use client';\n/,
      );
  });

  test('K11 has the types of all entries for resolvers that do not read exports', () => {
    const entries = Object.entries(exports).flatMap(([name, to]) =>
      typeof to === 'string' || name === '.' ? [] : [[name.slice(2), [to.types]] as const],
    );
    expect(typesVersions).toEqual({ '*': Object.fromEntries(entries) });
    for (const [, [types = '']] of entries) expect(existsSync(join(installed, types)), types).toBe(true);
  });

  test.each([
    ['node16', 'node16'],
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ])(
    'K11, K75: has types, of presence too, for module %s with resolution %s, without those of Node',
    (module, moduleResolution) => {
      const source = `
      import * as Y from 'yjs';
      import { HeddleProvider, type SyncStatus } from 'heddle/client';
      import { useOthers, usePeople, useSelf, useSetPresence, useSyncStatus } from 'heddle/react';
      import * as svelte from 'heddle/svelte';
      import * as vue from 'heddle/vue';
      const provider = new HeddleProvider('ws://localhost', 'notes', new Y.Doc(), { connect: false });
      export const status: SyncStatus = provider.status;
      export const read: () => SyncStatus = useSyncStatus;
      declare module 'heddle/client' {
        interface HeddlePresence { name: string; caret: number }
      }
      const [setInReact, setInVue, setInSvelte] = [useSetPresence(), vue.useSetPresence(), svelte.useSetPresence()];
      for (const set of [setInReact, setInVue, setInSvelte]) set('caret', 5);
      // @ts-expect-error a caret is a number
      for (const set of [setInReact, setInVue, setInSvelte]) set('caret', 'end');
      // @ts-expect-error there is no such field
      for (const set of [setInReact, setInVue, setInSvelte]) set('color', 'red');
      export const names: (string | undefined)[][] = [
        useOthers((others) => others.map(({ state }) => state.name)),
        vue.useOthers((others) => others.map(({ state }) => state.name)).value,
        svelte.useOthers((others) => others.map(({ state }) => state.name)).current,
      ];
      export const carets: (number | undefined)[] = [
        useSelf()?.state.caret, vue.useSelf().value?.state.caret, svelte.useSelf().current?.state.caret,
      ];
      export const ofPeople: (string | undefined)[] = [
        ...usePeople().flatMap(({ clients }) => clients.map(({ state }) => state.name)),
        ...vue.usePeople().value.flatMap(({ clients }) => clients.map(({ state }) => state.name)),
        ...svelte.usePeople().current.flatMap(({ clients }) => clients.map(({ state }) => state.name)),
      ];
      // @ts-expect-error a name is a text
      new HeddleProvider('ws://localhost', 5, new Y.Doc());`;
      writeFileSync(inConsumer('page.ts'), source);
      const compilerOptions = {
        module,
        moduleResolution,
        target: 'es2022',
        lib: ['es2022', 'dom'],
        types: [],
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        preserveSymlinks: true,
      };
      writeFileSync(inConsumer('tsconfig.json'), JSON.stringify({ compilerOptions, files: ['page.ts'] }));
      const check = (): string =>
        execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', consumer], { encoding: 'utf8' });
      expect(check()).toBe('');
    },
  );
});
