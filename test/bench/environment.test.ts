import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commitOf, readEnvironment } from '../../bench/environment.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'heddle-commit-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function git(...args: string[]): string {
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@b.invalid', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', ['-C', folder, ...identity, ...args], { encoding: 'utf8' }).trim();
}

test('the machine and the software are named', () => {
  const environment = readEnvironment(true);
  expect(environment).toMatchObject({ isPinned: true, node: process.version });
  expect(environment.version).toMatch(/^\d+\.\d+\.\d+/);
  expect(environment.date).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d/);
  expect(environment.cpu).not.toBe('');
  expect(environment.cores).toBeGreaterThan(0);
  expect(environment.memoryBytes).toBeGreaterThan(1e8);
});

test('a checkout has its commit, dirty when files differ', () => {
  git('init', '--quiet');
  expect(commitOf(folder)).toBeUndefined();
  writeFileSync(join(folder, 'file'), 'one');
  git('add', 'file');
  git('commit', '--quiet', '--message', 'one');
  const commit = git('rev-parse', '--short=12', 'HEAD');
  expect(commitOf(folder)).toBe(commit);
  writeFileSync(join(folder, 'file'), 'two');
  expect(commitOf(folder)).toBe(`${commit}-dirty`);
});

test("a package inside somebody's checkout is not taken for it", () => {
  git('init', '--quiet');
  git('commit', '--quiet', '--allow-empty', '--message', 'theirs');
  const installed = join(folder, 'node_modules/heddle');
  mkdirSync(installed, { recursive: true });
  expect(commitOf(installed)).toBeUndefined();
});
