// The machine and the software a bench ran on: what absolute figures depend on.

import { execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { dirname } from 'node:path';

import type { Environment } from './results.js';

const require = createRequire(import.meta.url);

/** Reads it now. `isPinned`: the server and the load had a core each. */
export function readEnvironment(isPinned: boolean): Environment {
  const { version } = require('heddle/package.json') as { version: string };
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    os: `${type()} ${release()} ${process.arch}`,
    node: process.version,
    version,
    commit: commitOf(dirname(require.resolve('heddle/package.json'))),
    isPinned,
  };
}

/**
 * The commit checked out in a folder, with `-dirty` when files differ from it. Undefined when the folder is not the root of
 * a checkout: a package in somebody's `node_modules` must not be taken for their project.
 */
export function commitOf(folder: string): string | undefined {
  try {
    if (git(folder, 'rev-parse', '--show-toplevel') !== realpathSync(folder)) return undefined;
    const commit = git(folder, 'rev-parse', '--short=12', 'HEAD');
    return git(folder, 'status', '--porcelain') === '' ? commit : `${commit}-dirty`;
  } catch {
    // No git, or no commit yet: there is none to name.
    return undefined;
  }
}

function git(folder: string, ...args: string[]): string {
  return execFileSync('git', ['-C', folder, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}
