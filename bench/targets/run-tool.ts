// Runs a command line tool to its end, for what it installs or checks.

import { spawn } from 'node:child_process';
import { basename } from 'node:path';

export interface ToolOptions {
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly maxMs: number;
}

/** Throws ToolError when it is missing, fails, or takes too long. */
export async function runTool(command: readonly string[], options: ToolOptions): Promise<void> {
  const [program = '', ...args] = command;
  const name = basename(program);
  const child = spawn(program, args, {
    cwd: options.folder,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const late = AbortSignal.timeout(options.maxMs);
  const end = (): void => void child.kill('SIGTERM');
  late.addEventListener('abort', end);
  await new Promise<void>((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new ToolError(`${name} cannot be run, is it on the PATH?`, cause.message)),
    );
    child.once('close', (code, signal) => {
      if (code === 0) return resolve();
      const how = late.aborted ? `took longer than ${options.maxMs / 1000} s` : `failed (${signal ?? code})`;
      reject(new ToolError(`${name} ${how}`, stderr));
    });
  }).finally(() => late.removeEventListener('abort', end));
}

export class ToolError extends Error {
  override readonly name = 'ToolError';
  /** What it said. */
  readonly output: string;

  constructor(message: string, output: string) {
    super(message);
    this.output = output;
  }
}
