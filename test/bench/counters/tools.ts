// Programs of the system that count what a process does, where they are.

import { spawnSync } from 'node:child_process';
import { canRun, installPackages } from '../../support/system-packages.js';

/**
 * Whether such a command works here, of a package of the same name that is installed where it is missing. Where it does not, CI fails, and other machines are told that tests are skipped.
 */
export function hasTool(name: string, ...tryArgs: readonly string[]): boolean {
  if (!canRun(name, '--version')) installPackages(name);
  const { status, stderr, error } = spawnSync(name, tryArgs, { encoding: 'utf8', timeout: 30_000 });
  if (status === 0) return true;
  const reason = error?.message ?? stderr.trim();
  const hint = `${name} does not work here (${reason}): install it, and allow it to trace processes.`;
  if (process.env['CI'] === 'true') throw new Error(hint);
  console.warn(`\n*** COUNTERS SKIPPED. ${hint} ***\n`);
  return false;
}
