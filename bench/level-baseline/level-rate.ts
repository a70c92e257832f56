// LevelDB's own rate as a yardstick for a durable server: measured in a process of its own, on the server's core.

import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { makeDataFolder } from '../targets/bench-home.js';
import type { BatchPlan, BatchResult } from './chained-batches.js';

/** Beyond the measured stretch: starting, and a disk that is slow. */
const patienceMs = 20_000;

export interface RateOptions extends Omit<BatchPlan, 'directory'> {
  /** The server: LevelDB runs on the cores that it may use. */
  readonly serverPid: number | undefined;
}

/** Puts per second that LevelDB makes durable. Throws when its process fails, with what it said. */
export async function levelRate({ serverPid, ...plan }: RateOptions): Promise<number> {
  const folder = await makeDataFolder();
  try {
    const { written, seconds } = await runProcess({ ...plan, directory: folder.path }, serverPid);
    return written / seconds;
  } finally {
    await folder.remove();
  }
}

function runProcess(plan: BatchPlan, serverPid: number | undefined): Promise<BatchResult> {
  // Sources cannot run as a process: the compiled program is found beside the compiled load process.
  const load = createRequire(import.meta.url).resolve('#bench-load');
  const child = fork(join(load, '../../level-baseline/main.js'), {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
    ...pinned(serverPid),
  });
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const timer = setTimeout(() => child.kill('SIGKILL'), plan.seconds * 1000 + patienceMs);
  return new Promise<BatchResult>((resolve, reject) => {
    let result: BatchResult | undefined;
    child.once('message', (message: BatchResult) => (result = message));
    child.once('error', reject);
    child.once('close', () => {
      if (result === undefined) reject(new Error(`LevelDB could not be measured: ${errors.slice(-2_000)}`));
      else resolve(result);
    });
    child.send(plan);
  }).finally(() => clearTimeout(timer));
}

/** Runs it on the server's cores, where those are others than ours: then whoever pinned the server had `taskset`. */
function pinned(serverPid: number | undefined): { execPath?: string; execArgv?: string[] } {
  if (serverPid === undefined) return {};
  const cores = coresOf(serverPid);
  if (cores === coresOf(process.pid)) return {};
  return { execPath: 'taskset', execArgv: ['-c', cores, process.execPath] };
}

/** The cores a process may use, as a list: `0`, `0-3`. */
function coresOf(pid: number): string {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return /^Cpus_allowed_list:\s+(\S+)/m.exec(status)?.[1] ?? '';
}
