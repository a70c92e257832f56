// One process of a server that is measured: started on the server's core, watched until it is ready, ended for sure.

import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { pinned, serverCore } from './cores.js';
import { undoOnExit } from './leftovers.js';

/** How a server is started. */
export interface ServerCommand {
  readonly command: readonly string[];
  readonly folder: string;
  /** All of its environment but PATH and HOME: nothing of the surroundings may set an option. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether a line of its output says that it listens. */
  isReady(line: string): boolean;
}

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const maxStartMs = 30_000;
const keptErrorCharacters = 2_000;

export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<Ending>;
  readonly #ready: Promise<void>;
  #ending: Ending | undefined;
  #stderr = '';

  /** Resolves when the process exists, before it listens. Rejects when it cannot be started. */
  static async start(command: ServerCommand): Promise<ServerProcess> {
    const server = new ServerProcess(command);
    await new Promise<void>((resolve, reject) => {
      server.#child.once('spawn', resolve).once('error', reject);
    });
    return server;
  }

  private constructor({ command, folder, env, isReady }: ServerCommand) {
    const [program = '', ...args] = pinned(serverCore, command);
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(program, args, {
      cwd: folder,
      env: { PATH, HOME, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    const forget = undoOnExit(() => child.kill('SIGKILL'));
    this.#ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        forget();
        resolve((this.#ending = { code, signal }));
      });
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-keptErrorCharacters);
    });
    this.#ready = new Promise((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => isReady(line) && resolve());
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Resolves when it listens. Rejects, in its own last words, when it ends instead, or takes too long. */
  async listening(maxMs = maxStartMs): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.#problem(`was not ready after ${maxMs / 1000} s`)), maxMs);
    });
    const ended = this.#ended.then((ending) => {
      throw this.#problem(`ended at its start (${describe(ending)})`);
    });
    await Promise.race([this.#ready, ended, late]).finally(() => clearTimeout(timer));
  }

  /** Ends it as an operator would, and by force when that takes longer than `patienceMs`. Resolves when it is gone.
   * Rejects when it had crashed before. */
  async end(patienceMs: number): Promise<'ended' | 'killed'> {
    if (this.#ending !== undefined && isCrash(this.#ending))
      throw this.#problem(`had crashed (${describe(this.#ending)})`);
    let how: 'ended' | 'killed' = 'ended';
    const timer = setTimeout(() => {
      how = 'killed';
      this.#child.kill('SIGKILL');
    }, patienceMs);
    this.#child.kill('SIGTERM');
    await this.#ended;
    clearTimeout(timer);
    return how;
  }

  #problem(what: string): Error {
    const words = this.#stderr.trim();
    return new Error(`the server ${what}${words === '' ? '' : `: ${words}`}`);
  }
}

/** Ctrl-C ends every process of a terminal: that is none. */
function isCrash({ code, signal }: Ending): boolean {
  return signal === null ? code !== 0 : signal !== 'SIGINT' && signal !== 'SIGTERM';
}

function describe({ code, signal }: Ending): string {
  return signal ?? `exit code ${code}`;
}
