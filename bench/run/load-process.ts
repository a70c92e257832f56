// Runs one scenario in a fresh load process, on a core of its own where there is one, and never longer than its bound.

import { spawn, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import type { FromLoad, ToLoad } from '../load/job.js';
import type { LoadSettings } from '../load/settings.js';
import { loadCore, pinned } from '../targets/cores.js';
import type { RunningTarget } from '../targets/target.js';
import { failure, messageOf, type Outcome } from './outcome.js';
import type { Step } from './plan.js';

export interface LoadRequest {
  readonly step: Step;
  readonly running: RunningTarget;
  readonly settings: LoadSettings;
  /** Ends the load process; the promise rejects with the signal's reason. */
  readonly signal: AbortSignal | undefined;
  /** Called with what the scenario says while it runs. */
  status(line: string): void;
}

/** Measures once. Resolves when the load process is gone; whatever goes wrong is an outcome, but for the signal. */
export async function measureInLoadProcess(request: LoadRequest): Promise<Outcome> {
  const child = startLoad();
  const gone = ended(child);
  const over = new AbortController();
  try {
    return await Promise.race([
      conversation(child, request),
      gone,
      after(request.step.scenario.maxSeconds, over.signal),
      aborted(request.signal, over.signal),
    ]);
  } finally {
    over.abort();
    await end(child, gone);
  }
}

function startLoad(): ChildProcess {
  const program = createRequire(import.meta.url).resolve('#bench-load');
  const [command = process.execPath, ...args] = pinned(loadCore, [process.execPath, program]);
  // Figures keep their exact value on the way, also those that JSON cannot hold.
  return spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], serialization: 'advanced' });
}

/** Gives the job, does what the scenario asks for, and resolves with what it found. */
function conversation(child: ChildProcess, request: LoadRequest): Promise<Outcome> {
  const { step, running, settings, status } = request;
  // A process that is gone cannot be told; that it is gone is an outcome of its own.
  const tell = (message: ToLoad): void => void child.send(message, () => {});
  return new Promise((resolve) => {
    const answer = (what: string, work: Promise<ToLoad>): void => {
      work.then(tell, (error: unknown) =>
        resolve(failure(`the server could not be ${what}: ${messageOf(error)}`)),
      );
    };
    child.on('message', (message: FromLoad) => {
      if (message.type === 'progress') status(message.line);
      else if (message.type === 'measured') resolve({ measurement: message.measurement });
      else if (message.type === 'failed') resolve(failure(message.message, message.isDelivery));
      else if (message.type === 'halt') answer('stopped', halt(running));
      else answer('started again', resume(running));
    });
    const capabilities = [...step.target.capabilities];
    const job = { scenario: step.scenario.id, endpoint: running.endpoint, capabilities, settings };
    tell({ type: 'job', job });
  });
}

async function halt(running: RunningTarget): Promise<ToLoad> {
  await running.halt();
  return { type: 'halted' };
}

async function resume(running: RunningTarget): Promise<ToLoad> {
  return { type: 'resumed', endpoint: await running.resume() };
}

const keptErrorCharacters = 500;

/** Resolves with a failure, in the process's own last words, when it is gone. */
function ended(child: ChildProcess): Promise<Outcome> {
  let words = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-keptErrorCharacters);
  });
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(failure(`the load process did not start: ${error.message}`)));
    child.once('close', (code, signal) =>
      resolve(failure(`the load process ended (${signal ?? `exit code ${code}`}): ${words.trim()}`)),
    );
  });
}

/** Resolves with a failure after so many seconds, unless that is cancelled. */
function after(seconds: number, cancelled: AbortSignal): Promise<Outcome> {
  return new Promise((resolve) => {
    const late = (): void => resolve(failure(`not done within its bound of ${seconds} s`));
    const timer = setTimeout(late, seconds * 1000);
    cancelled.addEventListener('abort', () => clearTimeout(timer));
  });
}

function aborted(signal: AbortSignal | undefined, cancelled: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => reject(signal?.reason as Error);
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { signal: cancelled });
  });
}

const endPatienceMs = 2_000;

/** Lets it clean up what it has started itself; by force when it does not listen. */
async function end(child: ChildProcess, gone: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), endPatienceMs);
  await gone;
  clearTimeout(timer);
}
