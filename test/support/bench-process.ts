// The built `heddle bench` as a process, in a bench folder of its own, and what it has left behind.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../../dist/server/cli/main.js', import.meta.url));
const killAfterMs = 240_000;

export class BenchProcess {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #home: string;

  /** `home` takes the place of the user's bench folder. */
  constructor(home: string, args: readonly string[]) {
    if (!existsSync(command)) throw new Error('there is no build to test: npm run build');
    const { PATH = '', HOME = '' } = process.env;
    this.#home = home;
    this.#child = spawn(process.execPath, [command, 'bench', ...args], {
      cwd: home,
      env: { PATH, HOME, HEDDLE_BENCH_HOME: home },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves with its exit code when it is gone. */
  async ended(): Promise<number | null> {
    const timer = setTimeout(() => this.signal('SIGKILL'), killAfterMs);
    const [code] = (await once(this.#child, 'close')) as [number | null];
    clearTimeout(timer);
    return code;
  }

  /** Command lines of the processes of this bench, itself among them: all that know its folder. */
  async processes(): Promise<string[]> {
    const pids = (await readdir('/proc')).filter(
      (name) => /^\d+$/.test(name) && name !== String(process.pid),
    );
    const lines = await Promise.all(pids.map((pid) => commandLine(pid, this.#home)));
    return lines.filter((line) => line !== undefined);
  }

  /** Folders of servers' data. */
  async data(): Promise<string[]> {
    const folder = join(this.#home, 'data');
    return existsSync(folder) ? readdir(folder) : [];
  }
}

/** Undefined when it does not know the folder, or is gone. */
async function commandLine(pid: string, folder: string): Promise<string | undefined> {
  const read = (file: string): Promise<string> => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
  const [line, environment] = await Promise.all([read('cmdline'), read('environ')]);
  const isOurs = line.includes(folder) || environment.includes(folder);
  return isOurs && line !== '' ? line.replaceAll('\0', ' ').trim() : undefined;
}
