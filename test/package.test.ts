// The package as others see it: its entry points, its command, its pins.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string): Record<string, never> => JSON.parse(readFileSync(join(root, file), 'utf8'));

/** Runs a module that imports the package by its name, as its users do. */
function evaluate(code: string): string {
  return execFileSync(process.execPath, ['--input-type=module', '-e', code], { cwd: root, encoding: 'utf8' });
}

test('L6 the entry points that README names load', () => {
  expect(evaluate("import { createServer } from 'heddle/server'; console.log(typeof createServer)")).toBe(
    'function\n',
  );
  expect(evaluate("import { runBench } from 'heddle/bench'; console.log(typeof runBench)")).toBe(
    'function\n',
  );
  const testing = "import { createMemoryStore, describeStore } from 'heddle/testing';";
  expect(evaluate(`${testing} console.log(typeof createMemoryStore, typeof describeStore)`)).toBe(
    'function function\n',
  );
});

test('L6 the command is there, and knows the commands that README names', () => {
  const { bin } = read('package.json') as unknown as { bin: { heddle: string } };
  const help = execFileSync(process.execPath, [join(root, bin.heddle), '--help'], { encoding: 'utf8' });
  for (const command of [
    'serve',
    'token',
    'bench',
    'docs',
    'verify',
    'compact',
    'export',
    'import',
    'backup',
    'restore',
  ]) {
    expect(help).toMatch(new RegExp(`^ +${command} `, 'm'));
    expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain(command);
  }
});

/** All that a file of the bundled command loads with itself: its files, and what it takes from elsewhere. */
function loadedWith(file: string, loaded = { files: new Set<string>(), packages: new Set<string>() }) {
  if (loaded.files.has(file)) return loaded;
  loaded.files.add(file);
  for (const [, imported, required] of readFileSync(file, 'utf8').matchAll(
    /^import (?:.* from )?"([^"]+)";$|__require\("([^"]+)"\)/gm,
  )) {
    const from = imported ?? required ?? '';
    if (from.startsWith('.')) loadedWith(join(dirname(file), from), loaded);
    else if (!isBuiltin(from)) loaded.packages.add(from);
  }
  return loaded;
}

test('L6 a server starts from few files, without Yjs', () => {
  const { files, packages } = loadedWith(join(root, 'dist/server/cli/serve.js'));
  expect(files.size).toBeLessThanOrEqual(20);
  // uWebSockets.js and level are loaded by dynamic imports.
  expect([...packages]).toEqual([]);
  const code = [...files].map((file) => readFileSync(file, 'utf8')).join('\n');
  for (const name of ['uWebSockets.js', 'level']) expect(code).toContain(`import("${name}")`);
});

test('L6 the licences of the bundled packages come with them, at the versions of the lock file', () => {
  const folder = join(root, 'dist/server/cli');
  const bundled = readdirSync(folder)
    .filter((name) => name.endsWith('.js'))
    .flatMap((name) => [
      ...readFileSync(join(folder, name), 'utf8').matchAll(/^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)\//gm),
    ])
    .map(([, name = '']) => name);
  const licences = readFileSync(join(folder, 'licenses.md'), 'utf8');
  const { packages } = read('package-lock.json') as unknown as {
    packages: Record<string, { version: string }>;
  };
  expect(bundled).toEqual(expect.arrayContaining(['jose', 'lib0', 'pino']));
  for (const name of new Set(bundled))
    expect(licences).toContain(`\n## ${name} - ${packages[`node_modules/${name}`]?.version} (`);
});

test('O1 the libraries that read bytes from others are at versions without known holes, each once', () => {
  const { packages } = read('package-lock.json') as unknown as {
    packages: Record<string, { version?: string; integrity?: string; link?: boolean }>;
  };
  // Yjs 14, which only tests use, has a lib0 of its own, where nothing else can find it.
  const ofYjs14 = 'node_modules/@y/y/node_modules/';
  const versionsOf = (name: string): (string | undefined)[] =>
    Object.entries(packages)
      .filter(([path]) => path.endsWith(`node_modules/${name}`) && !path.startsWith(ofYjs14))
      .map(([, { version }]) => version);
  const [lib0, ...otherLib0] = versionsOf('lib0');
  expect(otherLib0).toEqual([]);
  const [major, minor, patch] = (lib0 ?? '').split('.').map(Number);
  expect([major, minor]).toEqual([0, 2]);
  expect(patch).toBeGreaterThanOrEqual(119);
  expect(versionsOf('yjs')).toHaveLength(1);
  const unpinned = Object.entries(packages).filter(
    ([path, { integrity }]) => path !== '' && integrity === undefined,
  );
  expect(unpinned).toEqual([]);
});

test('L6 the lock file names no host', () => {
  expect(readFileSync(join(root, 'package-lock.json'), 'utf8')).not.toMatch(/https?:\/\/[^"]*\.tgz/);
  expect(existsSync(join(root, 'LICENSE'))).toBe(true);
});
