// The built server in demo mode, as a process of its own: `heddle serve --demo`.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const startPatienceMs = 20_000;

/** A running demo server. It can be killed and started again on the same port and data. */
export class DemoServer {
  readonly #data: string;
  #process: ChildProcess | undefined;
  #port = 0;

  constructor(data: string) {
    this.#data = data;
  }

  /** Where the page is, with a slash at the end. */
  get url(): string {
    return `http://localhost:${this.#port}/`;
  }

  async start(): Promise<void> {
    const args = [
      'dist/server/cli/main.js',
      'serve',
      '--demo',
      '--port',
      String(this.#port),
      '--data',
      this.#data,
    ];
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    this.#port = await listeningPort(child);
  }

  /** Ends the process as a crash would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends the process and removes its data. */
  async close(): Promise<void> {
    await this.#end('SIGTERM');
    await rm(this.#data, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }
}

/** Builds what is not built yet, and starts a server on a free port with an empty data directory. */
export async function startDemoServer(): Promise<DemoServer> {
  buildAll();
  const server = new DemoServer(await mkdtemp(join(tmpdir(), 'heddle-demo-')));
  await server.start();
  return server;
}

/** `npm test` has built it before. */
function buildAll(): void {
  if (process.env['HEDDLE_BUILT'] === '1') return;
  const build = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, encoding: 'utf8' });
  if (build.status !== 0) throw new Error(`the build failed:\n${build.stdout}${build.stderr}`);
}

/** Waits for the log line that says where the server listens. Throws with its output if it ends before. */
async function listeningPort(child: ChildProcess): Promise<number> {
  const output: string[] = [];
  child.stderr?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  const lines = createInterface({ input: child.stdout! });
  const fail = (why: string): Error => new Error(`the demo server ${why}:\n${output.join('\n')}`);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(fail('did not say where it listens')), startPatienceMs);
    child.once('exit', () => {
      clearTimeout(timer);
      reject(fail('ended'));
    });
    lines.on('line', (line) => {
      output.push(line);
      const port = portIn(line);
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(port);
    });
  });
}

function portIn(line: string): number | undefined {
  try {
    const entry = JSON.parse(line) as { msg?: unknown; port?: unknown };
    return entry.msg === 'listening' && typeof entry.port === 'number' ? entry.port : undefined;
  } catch {
    return undefined;
  }
}
