// The figures that every scenario with deliveries has.

import type { FigureKey } from '../figures.js';
import type { Histogram } from '../load/histogram.js';
import type { LimitFound } from '../load/limit-watch.js';
import type { Measurement, RampStep } from '../measurement.js';
import { leastCpuS, limitOf } from './stretch.js';

/** A measured stretch. */
export interface Deliveries {
  /** Verified: an update at a participant, its sender included where it comes back, as it does from every server here. */
  readonly deliveries: number;
  /** From the first update until all was delivered. */
  readonly seconds: number;
  /** Of the server, until all was delivered and acknowledged; undefined where its process is not known. */
  readonly cpuS: number | undefined;
  readonly frames: number;
  readonly bytes: number;
  readonly latency: Histogram;
  /** Empty where the server acknowledges nothing. */
  readonly acknowledgements?: Histogram;
  readonly found: LimitFound;
}

/** A stretch at one rate. */
export function measurementOf(result: Deliveries): Measurement {
  const { deliveries, seconds, latency, acknowledgements, found } = result;
  const figures: Partial<Record<FigureKey, number>> = {
    deliveries,
    deliveriesPerS: deliveries / seconds,
    p50Ms: latency.quantile(0.5),
    p99Ms: latency.quantile(0.99),
    framesPerDelivery: result.frames / deliveries,
    bytesPerDelivery: result.bytes / deliveries,
  };
  const cpu = cpuPerMillion(result);
  if (cpu !== undefined) figures.cpuPerMillion = cpu;
  if (result.cpuS !== undefined) figures.serverBusy = result.cpuS / seconds;
  if (acknowledgements !== undefined && acknowledgements.count > 0) {
    figures.ackP50Ms = acknowledgements.quantile(0.5);
    figures.ackP99Ms = acknowledgements.quantile(0.99);
  }
  return { figures, latency: latency.curve(), ...limitOf(found) };
}

/** One step of a ramp. */
export function stepOf(result: Deliveries, offeredPerS: number): RampStep {
  return {
    offeredPerS,
    deliveriesPerS: result.deliveries / result.seconds,
    p50Ms: result.latency.quantile(0.5),
    p99Ms: result.latency.quantile(0.99),
    cpuPerMillion: cpuPerMillion(result),
    serverBusy: result.cpuS === undefined ? undefined : result.cpuS / result.seconds,
    limit: result.found.limit,
  };
}

function cpuPerMillion({ cpuS, deliveries }: Deliveries): number | undefined {
  return cpuS === undefined || cpuS < leastCpuS ? undefined : (cpuS / deliveries) * 1e6;
}
