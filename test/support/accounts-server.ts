// The server of examples/accounts, in a process of its own, as `npm start` there runs it, with a proxy before its tokens that
// can be made to fail.

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const webhookSecret = 'the secret of the payment provider';

export interface AccountsServer {
  readonly url: string;
  /** All that was printed, mail included. */
  readonly lines: readonly string[];
  close(): Promise<void>;
}

/** Rejects when it does not start. */
export async function startAccountsServer(tokenLife = '5m'): Promise<AccountsServer> {
  const data = await mkdtemp(join(tmpdir(), 'heddle-accounts-'));
  const child: ChildProcess = spawn(
    process.execPath,
    ['--import', './scripts/heddle-here.mjs', 'examples/accounts/server.mjs'],
    {
      cwd: root,
      env: {
        PATH: process.env['PATH'],
        PORT: '0',
        DATA_DIR: data,
        TOKEN_LIFE: tokenLife,
        WEBHOOK_SECRET: webhookSecret,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const lines: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr?.on('data', (chunk: Buffer) => lines.push(chunk.toString()));
    createInterface({ input: child.stdout! }).on('line', (line) => {
      lines.push(line);
      const found = /^Open (\S+)\/ /.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Error(`it ended: ${lines.join('\n')}`)));
  });
  return {
    url,
    lines,
    async close() {
      child.kill('SIGTERM');
      await ended;
      await rm(data, { recursive: true, force: true });
    },
  };
}
