// The built command with its streams in the test's hands: what it reads, how fast its output is read, and where that leads.

import { spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import type { Readable } from 'node:stream';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../../../dist/server/cli/main.js', import.meta.url));
const patienceMs = 60_000;
/** By then a command has filled the pipe. On a machine that takes longer a fault goes unseen, and nothing else happens. */
const slowStartMs = 2_000;

export interface PipedResult {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface Piped {
  /** What standard input holds. Nothing by default. */
  readonly input?: Uint8Array;
  /** How standard output is read: whole, a KB at a time and never at once, or no further than the first piece. */
  readonly reader?: 'willing' | 'slow' | 'leaving';
  /** A file that standard output leads to. Then nothing is read. */
  readonly outputTo?: number;
}

/** Runs a subcommand to its end. */
export async function runPiped(args: readonly string[], piped: Piped = {}): Promise<PipedResult> {
  const { input = new Uint8Array(0), reader = 'willing', outputTo } = piped;
  const stdio: StdioOptions = ['pipe', outputTo ?? 'pipe', 'pipe'];
  const child = spawn(process.execPath, [command, ...args], {
    cwd: tmpdir(),
    env: { PATH: process.env['PATH'] ?? '' },
    stdio,
  });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  // A command that reads nothing closes its end.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  const [stdout, stderr] = await Promise.all([
    child.stdout === null ? Buffer.alloc(0) : readers[reader](child.stdout, ended),
    readers.willing(child.stderr as Readable),
  ]);
  const [code] = await ended;
  clearTimeout(timer);
  return { code, stdout, stderr: stderr.toString() };
}

const readers = {
  async willing(stream: Readable): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of stream) pieces.push(piece as Buffer);
    return Buffer.concat(pieces);
  },
  /** Begins when the command waits for it, or has ended without waiting. */
  async slow(stream: Readable, ended: Promise<unknown>): Promise<Buffer> {
    const pieces: Buffer[] = [];
    // With a listener Node does not empty the stream by itself when the process ends.
    stream.on('readable', () => {});
    await Promise.race([ended, sleep(slowStartMs)]);
    while (!stream.readableEnded) {
      const piece = (stream.read(1024) ?? stream.read()) as Buffer | null;
      if (piece !== null) pieces.push(piece);
      await turn();
    }
    return Buffer.concat(pieces);
  },
  async leaving(stream: Readable): Promise<Buffer> {
    const [piece] = (await once(stream, 'data')) as [Buffer];
    stream.destroy();
    return piece;
  },
} as const;
