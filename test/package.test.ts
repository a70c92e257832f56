// The package as others see it: its entry points, its command, its pins.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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

test('O1 the libraries that read bytes from others are at versions without known holes, each once', () => {
  const { packages } = read('package-lock.json') as unknown as {
    packages: Record<string, { version?: string; integrity?: string; link?: boolean }>;
  };
  const versionsOf = (name: string): (string | undefined)[] =>
    Object.entries(packages)
      .filter(([path]) => path.endsWith(`node_modules/${name}`))
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
