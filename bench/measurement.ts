// What one scenario found on one target in one run: the contract between the load process, which measures, and the report.

import type { FigureKey } from './figures.js';

/** One step of a ramp. */
export interface RampStep {
  /** Updates offered per second, over all writers. */
  readonly offeredPerS: number;
  /** Verified deliveries per second. */
  readonly deliveriesPerS: number;
  /** Latency of deliveries, ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Server CPU seconds per million deliveries; undefined where the server's process is not known. */
  readonly cpuPerMillion: number | undefined;
  /** Share of one core the server used, 0 to 1 and above. */
  readonly serverBusy: number | undefined;
  /** What kept the step from telling about the server. */
  readonly limit: Limit | undefined;
}

/** `load`: the load process was busy or could not keep its schedule. `machine`: others took the cores. */
export type Limit = 'load' | 'machine';

/** How long deliveries took: the share of deliveries (0 to 1) that took at most so many ms, in rising order. */
export interface LatencyCurve {
  readonly count: number;
  readonly points: readonly { readonly share: number; readonly ms: number }[];
}

export interface Measurement {
  /** Only figures for work that was verified as delivered. */
  readonly figures: Readonly<Partial<Record<FigureKey, number>>>;
  readonly latency?: LatencyCurve;
  readonly ramp?: readonly RampStep[];
  /** A cost (y) as the work grows (x), in rising order of x. */
  readonly points?: readonly { readonly x: number; readonly y: number }[];
  /** What x and y are, with their units: `readers`, `CPU s per million deliveries`. */
  readonly pointLabels?: { readonly x: string; readonly y: string };
  readonly limit?: Limit;
  /** What a reader of the figures should know, in one line each. */
  readonly notes?: readonly string[];
}

/** Thrown by a scenario when the server did not deliver what was sent, or something else than that. Names what is wrong. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
}
