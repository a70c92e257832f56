// Counts and durations of real runs, made smaller for smoke runs.

/** A whole number, `least` at least. */
export function scaled(count: number, factor: number, least: number): number {
  return Math.max(least, Math.round(count * factor));
}
