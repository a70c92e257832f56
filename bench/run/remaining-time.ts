// How long the rest of a bench will take, judged by what has been measured so far.

import type { Step } from './plan.js';

/** A measurement that is done, and how long it took with starting and stopping the server. */
export interface DoneStep {
  readonly step: Step;
  readonly ms: number;
}

/** Estimate in ms: a scenario takes as long as it took before; one not seen yet, as long as the others did. Undefined at
 * the beginning. */
export function remainingMs(done: readonly DoneStep[], todo: readonly Step[]): number | undefined {
  const usual = mean(done.map(({ ms }) => ms));
  if (usual === undefined) return undefined;
  const known = new Map<string, number>();
  for (const id of new Set(done.map(({ step }) => step.scenario.id)))
    known.set(id, mean(done.filter(({ step }) => step.scenario.id === id).map(({ ms }) => ms)) ?? usual);
  return todo.reduce((sum, { scenario }) => sum + (known.get(scenario.id) ?? usual), 0);
}

function mean(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** `0:07`, `12:30`, `1:02:03`. */
export function clockText(ms: number): string {
  const total = Math.round(ms / 1000);
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const tail = `${hours > 0 ? String(minutes).padStart(2, '0') : minutes}:${String(seconds).padStart(2, '0')}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}
