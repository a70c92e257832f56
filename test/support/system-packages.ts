// Programs that tests need of the system: installed where that is possible.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Whether the program is found and runs. */
export function canRun(program: string, ...args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore', timeout: 30_000 }).status === 0;
}

/** Installs packages of the distribution, as root on a system with apt-get; does nothing elsewhere. Says what it does. */
export function installPackages(...packages: readonly string[]): void {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return;
  console.warn(`Installing ${packages.join(', ')} for the tests.`);
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
    const { status, stderr } = spawnSync('apt-get', args, {
      encoding: 'utf8',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (status === 0) continue;
    console.warn(`apt-get ${args.join(' ')} failed: ${stderr}`);
    return;
  }
}
