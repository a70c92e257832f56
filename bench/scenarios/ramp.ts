// Looks for the highest rate at which a server still delivers in time: steps of 2, until one fails twice.

import { MissingError } from '../load/missing-error.js';
import type { Limit, Measurement, RampStep } from '../measurement.js';
import type { ScenarioContext } from './scenario.js';
import { stepOf, type Deliveries } from './typing-figures.js';

const factor = 2;
const maxP99Ms = 100;

export interface Ramp {
  readonly firstPerS: number;
  readonly lastPerS: number;
  /** One step at a rate, in rooms of its own. */
  run(perS: number, index: number): Promise<Deliveries>;
}

interface Outcome {
  readonly isGood: boolean;
  /** Undefined when not everything was delivered. */
  readonly step: RampStep | undefined;
  /** Why it failed. */
  readonly why: string;
}

interface End {
  readonly limit?: Limit;
  readonly note: string;
}

export async function climb(context: ScenarioContext, ramp: Ramp): Promise<Measurement> {
  const steps: RampStep[] = [];
  let index = 0;
  let highest: RampStep | undefined;
  const tryOnce = async (perS: number): Promise<Outcome> => {
    const outcome = await attempt(ramp, perS, index++);
    context.progress(`${Math.round(perS)} updates/s: ${told(outcome)}`);
    return outcome;
  };
  const finish = ({ limit, note }: End): Measurement => ({
    figures: highest === undefined ? {} : { highestDeliveriesPerS: highest.deliveriesPerS },
    ramp: steps,
    ...(limit === undefined ? {} : { limit }),
    notes: [note],
  });
  for (let perS = ramp.firstPerS; ; perS = Math.min(perS * factor, ramp.lastPerS)) {
    const rate = Math.round(perS);
    let outcome = await tryOnce(rate);
    // Once may be the machine's doing.
    if (!outcome.isGood) outcome = await tryOnce(rate);
    if (outcome.step !== undefined) steps.push(outcome.step);
    if (!outcome.isGood) return finish(endOf(rate, outcome));
    if (outcome.step!.deliveriesPerS > (highest?.deliveriesPerS ?? 0)) highest = outcome.step;
    if (rate >= ramp.lastPerS) return finish({ limit: 'load', note: `the ramp ends at ${rate} updates/s` });
  }
}

async function attempt(ramp: Ramp, perS: number, index: number): Promise<Outcome> {
  try {
    const result = await ramp.run(perS, index);
    const step = stepOf(result, perS);
    // What was in time although others held the load up was in time all the same.
    if (result.found.isLate && step.limit === 'load')
      return { isGood: false, step, why: 'the load could not keep its schedule' };
    return { isGood: step.p99Ms < maxP99Ms, step, why: `p99 was ${Math.round(step.p99Ms)} ms` };
  } catch (error) {
    // Asked for too much, a server may be late beyond patience or send readers away; anything else is a fault.
    if (!(error instanceof MissingError)) throw error;
    return { isGood: false, step: undefined, why: error.message };
  }
}

function endOf(perS: number, { step, why }: Outcome): End {
  const note = `at ${perS} updates/s, twice: ${why}`;
  return step?.limit === undefined ? { note } : { limit: step.limit, note };
}

function told({ isGood, step, why }: Outcome): string {
  if (step === undefined) return why;
  const rate = `${Math.round(step.deliveriesPerS)} deliveries/s, p99 ${step.p99Ms.toFixed(1)} ms`;
  return isGood ? rate : `${rate}: ${why}`;
}
