// The built command as processes of their own: `heddle serve` that can be stopped, killed and started again, and the
// other subcommands.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const builtCommand = join(root, 'dist/server/cli/main.js');
const startPatienceMs = 30_000;
const stopPatienceMs = 20_000;

/** How a process ended. */
export interface Ending {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface CommandResult extends Ending {
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** User to run as, where the tests run as root. */
  readonly uid?: number;
  /** Another Node than the running one. */
  readonly node?: string;
  /** Another build of the command than that of this repository. */
  readonly command?: string;
}

export interface ServeOptions extends RunOptions {
  /** Flags beside --port and --data. Default: no authentication. */
  readonly flags?: readonly string[];
  readonly data: string;
}

/** An empty folder, gone again when the returned function is called. */
export async function makeFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'heddle-test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Runs a subcommand to its end. */
export async function runHeddle(args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  const child = start(args, options);
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  const timer = setTimeout(() => child.kill('SIGKILL'), startPatienceMs);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  return { ...output, code, signal };
}

/** `heddle serve`, on a free port that it keeps when it is started again. */
export class ServerProcess {
  readonly data: string;
  /** Everything it has printed, over all its starts. */
  stdout = '';
  stderr = '';
  port = 0;
  readonly #flags: readonly string[];
  readonly #options: RunOptions;
  #child: ChildProcess | undefined;
  #ended: Promise<Ending> | undefined;

  constructor({ flags = ['--auth', 'none'], data, ...options }: ServeOptions) {
    this.data = data;
    this.#flags = flags;
    this.#options = options;
  }

  /** For y-websocket providers: the document's name follows after a slash. */
  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  get output(): string {
    return this.stdout + this.stderr;
  }

  /** Resolves when it listens. Rejects with its output when it ends instead. */
  async start(): Promise<void> {
    const from = this.stdout.length;
    const args = ['serve', ...this.#flags, '--port', String(this.port), '--data', this.data];
    const child = start(args, this.#options);
    this.#child = child;
    this.#ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
    child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    await this.untilLogged('listening', from, startPatienceMs);
    const line = this.#lines(from).find(({ msg }) => msg === 'listening');
    this.port = Number(line?.['port']);
  }

  /** Resolves when a log line with this message has come. `from` is a place in `stdout`. */
  async untilLogged(msg: string, from = 0, patienceMs = stopPatienceMs): Promise<void> {
    const child = this.#child;
    if (child === undefined) throw new Error('the server is not running');
    const isLogged = (): boolean => this.#lines(from).some((line) => line.msg === msg);
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => fail(`did not say "${msg}"`), patienceMs);
      const look = (): void => {
        if (isLogged()) settle(resolve);
      };
      const ended = (): void => (isLogged() ? settle(resolve) : fail(`ended before it said "${msg}"`));
      const settle = (how: () => void): void => {
        clearTimeout(timer);
        child.stdout?.off('data', look);
        child.off('close', ended);
        how();
      };
      const fail = (why: string): void =>
        settle(() => reject(new Error(`the server ${why}:\n${this.output.slice(-4_000)}`)));
      child.stdout?.on('data', look);
      child.on('close', ended);
      look();
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Resolves when the process is gone, however it came to that. Kills it when it takes too long. */
  async ended(): Promise<Ending> {
    const timer = setTimeout(() => this.signal('SIGKILL'), stopPatienceMs);
    const ending = (await this.#ended) ?? { code: null, signal: null };
    clearTimeout(timer);
    this.#child = undefined;
    return ending;
  }

  /** Ends it as an operator would. */
  async stop(): Promise<Ending> {
    this.signal('SIGTERM');
    return this.ended();
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended();
  }

  #lines(from: number): { msg?: string; [field: string]: unknown }[] {
    return this.stdout
      .slice(from)
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as { msg?: string });
  }
}

/** A running server. */
export async function startServer(options: ServeOptions): Promise<ServerProcess> {
  const server = new ServerProcess(options);
  await server.start();
  return server;
}

function start(args: readonly string[], options: RunOptions): ChildProcess {
  const { env, uid, node = process.execPath, command = builtCommand } = options;
  const { HEDDLE_TRANSPORT } = process.env;
  const transport = HEDDLE_TRANSPORT === undefined ? {} : { HEDDLE_TRANSPORT };
  if (!existsSync(command)) throw new Error('there is no build to test: npm run build');
  return spawn(node, [command, ...args], {
    cwd: tmpdir(),
    // Nothing from the surroundings may set an option, but for the transport that the suite runs on.
    env: { PATH: process.env['PATH'] ?? '', ...transport, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid }),
  });
}
