// How long and how fast, for the settings at hand.

import { scaled } from './scaled.js';

export interface Durations {
  readonly warmUpPerS: number;
  readonly warmUpS: number;
  readonly seconds: number;
}

/**
 * Seconds before and while a rate is measured. A smoke run is short, and still long enough to be one. Faster in the
 * beginning: servers run for days, and one that has yet to compile its code costs twice as much.
 */
export function durations(time: number, perS: number): Durations {
  return { warmUpPerS: 2 * perS, warmUpS: Math.max(0.1, 3 * time), seconds: Math.max(0.4, 4 * time) };
}

/** Of each step of a ramp: the step before has warmed the server up. */
export function rampDurations(time: number, perS: number): Durations {
  return { warmUpPerS: perS, warmUpS: Math.max(0.05, 0.3 * time), seconds: Math.max(0.2, 1.2 * time) };
}

/** Updates per second at which a ramp begins, and at which it ends at the latest. */
export function rampRates(size: number): { firstPerS: number; lastPerS: number } {
  return { firstPerS: scaled(1_000, size, 50), lastPerS: scaled(200_000, size, 500) };
}
