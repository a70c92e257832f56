// The bench's own folder: installed peers and the data of servers that are measured. Never in the user's project, and on a
// real disk: the system's temporary folder is often in memory, where storing costs nothing.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { undoOnExit } from './leftovers.js';

/** `HEDDLE_BENCH_HOME`, or `heddle-bench` in the user's cache folder. */
export function benchHome(env: Readonly<NodeJS.ProcessEnv> = process.env): string {
  const own = env['HEDDLE_BENCH_HOME'] ?? '';
  if (own !== '') return resolve(own);
  const cache = env['XDG_CACHE_HOME'] ?? '';
  return join(cache === '' ? join(homedir(), '.cache') : resolve(cache), 'heddle-bench');
}

export interface TemporaryFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/** A new folder for one server's data, gone at the latest when this process exits. */
export async function makeDataFolder(): Promise<TemporaryFolder> {
  const parent = join(benchHome(), 'data');
  await mkdir(parent, { recursive: true });
  const path = await mkdtemp(join(parent, 'run-'));
  const options = { recursive: true, force: true, maxRetries: 5 };
  const forget = undoOnExit(() => rmSync(path, options));
  return {
    path,
    async remove() {
      await rm(path, options);
      forget();
    },
  };
}
