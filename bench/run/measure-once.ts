// One run: a fresh server, the load, and nothing left of either.

import type { LoadSettings } from '../load/settings.js';
import { TargetUnavailable, type RunningTarget } from '../targets/target.js';
import { measureInLoadProcess } from './load-process.js';
import { failure, messageOf, type Outcome } from './outcome.js';
import type { Step } from './plan.js';

export interface MeasureOptions {
  readonly settings: LoadSettings;
  readonly signal: AbortSignal | undefined;
  status(line: string): void;
}

/** Starts the step's target, measures it once, stops it. Throws TargetUnavailable, and the signal's reason. */
export async function measureOnce(step: Step, options: MeasureOptions): Promise<Outcome> {
  const running = await start(step);
  if (!('endpoint' in running)) return running;
  let outcome: Outcome;
  try {
    outcome = await measureInLoadProcess({ step, running, ...options });
  } catch (interruption) {
    await running.stop();
    throw interruption;
  }
  return stopAfter(outcome, step, running);
}

async function start({ target }: Step): Promise<RunningTarget | Outcome> {
  try {
    return await target.start();
  } catch (error) {
    if (error instanceof TargetUnavailable) throw error;
    return failure(`${target.name} did not start: ${messageOf(error)}`);
  }
}

/** A server that had crashed, or that stays and disturbs all that follows: whatever was measured, its run has failed. */
async function stopAfter(outcome: Outcome, { target }: Step, running: RunningTarget): Promise<Outcome> {
  try {
    await running.stop();
    return outcome;
  } catch (error) {
    const before = outcome.failure === undefined ? '' : `${outcome.failure.message}; `;
    return failure(
      `${before}${target.name} could not be stopped: ${messageOf(error)}`,
      outcome.failure?.isDelivery,
    );
  }
}
