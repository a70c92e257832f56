// One measured stretch of work: how long it took, what it cost the server, and whether it told about the server at all.

import { LimitWatch, type LimitFound } from '../load/limit-watch.js';
import type { Measurement } from '../measurement.js';
import type { ScenarioContext } from './scenario.js';

/** CPU is counted in hundredths of a second: less than this much of it is not worth a figure. */
export const leastCpuS = 0.05;

export interface Stretch {
  readonly seconds: number;
  /** CPU seconds of the server; undefined where its process is not known. */
  readonly cpuS: number | undefined;
  /** What limited it, and the numbers behind that. */
  readonly found: LimitFound;
  /** The same as a measurement reports it. */
  readonly limits: Pick<Measurement, 'limit' | 'notes'>;
}

/** Runs the work, which ends when all that counts has been done; work to a schedule says whether it fell behind. */
export async function stretch(
  { endpoint, usage }: ScenarioContext,
  work: () => Promise<{ readonly isLate: boolean } | void>,
): Promise<Stretch> {
  const watch = LimitWatch.start(endpoint.pid);
  const before = usage();
  const startedAt = performance.now();
  const schedule = await work();
  const seconds = (performance.now() - startedAt) / 1000;
  const after = usage();
  const found = watch.stop(schedule ?? undefined);
  return {
    seconds,
    cpuS: before === undefined || after === undefined ? undefined : after.cpuS - before.cpuS,
    found,
    limits: limitOf(found),
  };
}

export function limitOf({ limit, note }: LimitFound): Pick<Measurement, 'limit' | 'notes'> {
  return limit === undefined ? {} : { limit, notes: note === undefined ? [] : [note] };
}
