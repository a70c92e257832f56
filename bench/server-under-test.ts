// Starts the server that is measured, as its users do, on a core of its own where there are two.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { usageOf, type Usage } from './process-usage.js';

const command = fileURLToPath(new URL('../server/cli/main.js', import.meta.url));

/** Whether processes can be given a core. */
export const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0;

/** Puts this process, the load, on the second core. */
export function pinSelf(): void {
  if (canPin) spawnSync('taskset', ['-acp', '1', String(process.pid)]);
}

export class ServerUnderTest {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #directory: string;

  private constructor(child: ChildProcess, port: number, directory: string) {
    this.#child = child;
    this.port = port;
    this.#directory = directory;
  }

  /** On an empty store, durable as by default, without tokens. */
  static async start(): Promise<ServerUnderTest> {
    const directory = mkdtempSync(join(tmpdir(), 'heddle-bench-'));
    const run = [
      command,
      'serve',
      '--auth',
      'none',
      '--host',
      '127.0.0.1',
      '--port',
      '0',
      '--data',
      directory,
    ];
    const [tool, ...args] = canPin
      ? ['taskset', '-c', '0', process.execPath, ...run]
      : [process.execPath, ...run];
    const child = spawn(tool ?? process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const port = await new Promise<number>((resolve, reject) => {
      let output = '';
      child.stdout?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        const found = /"port":(\d+).*"msg":"listening"/.exec(output)?.[1];
        if (found !== undefined) resolve(Number(found));
      });
      child.once('exit', () => reject(new Error('the server did not start')));
    });
    return new ServerUnderTest(child, port, directory);
  }

  usage(): Usage {
    return usageOf(this.#child.pid ?? 0);
  }

  async stop(): Promise<void> {
    const exited = new Promise<void>((resolve) => {
      this.#child.once('exit', () => resolve());
    });
    this.#child.kill('SIGTERM');
    await exited;
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
