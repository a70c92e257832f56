// How long and how fast, for the settings at hand.

import { scaled } from './scaled.js';

export interface Durations {
  readonly warmUpPerS: number;
  readonly warmUpS: number;
  /** Between the warm-up and what is measured, at the rate that is measured. */
  readonly settleS: number;
  readonly seconds: number;
}

/** A server runs for days; one that has yet to compile its code, or is at it, costs twice as much. */
const warmUpS = 7;
/** Much of what a server does at the measured rate it does not do at another, and has yet to compile. */
const settleS = 4;
/** Enough of them in that time to have it compiled, where what is measured is slower. */
const warmUpUpdatesPerS = 2_000;
/** Not so many that a slow server is still at them long afterwards, or falls over. */
const warmUpDeliveriesPerS = 100_000;

/**
 * Seconds before and while a rate is measured, where each update has so many receivers. A smoke run is short, and still
 * long enough to be one.
 */
export function durations(time: number, perS: number, receivers: number): Durations {
  const warmPerS = Math.min(warmUpUpdatesPerS, Math.ceil(warmUpDeliveriesPerS / receivers));
  return {
    warmUpPerS: Math.max(perS, warmPerS),
    warmUpS: Math.max(0.1, warmUpS * time),
    settleS: Math.max(0.1, settleS * time),
    seconds: Math.max(0.4, 4 * time),
  };
}

/** Of each step of a ramp: the step before has warmed the server up. */
export function rampDurations(time: number, perS: number): Durations {
  return {
    warmUpPerS: perS,
    warmUpS: Math.max(0.05, 0.3 * time),
    settleS: 0,
    seconds: Math.max(0.2, 1.2 * time),
  };
}

/** Updates per second at which a ramp begins, and at which it ends at the latest. */
export function rampRates(size: number): { firstPerS: number; lastPerS: number } {
  return { firstPerS: scaled(1_000, size, 50), lastPerS: scaled(200_000, size, 500) };
}
