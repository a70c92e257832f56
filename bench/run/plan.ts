// What is measured, in which order: scenario by scenario, and within one the targets take turns.

import type { LoadSettings } from '../load/settings.js';
import type { Scenario } from '../scenarios/scenario.js';
import type { Target } from '../targets/target.js';

/** One measurement. */
export interface Step {
  readonly scenario: Scenario;
  readonly target: Target;
  /** Counted from 0. */
  readonly run: number;
}

export interface PlanOptions {
  readonly scenarios: readonly Scenario[];
  readonly targets: readonly Target[];
  readonly runs: number;
  readonly settings: LoadSettings;
  /** Somebody chose these targets: no scenario passes over any of them. */
  readonly areNamed?: boolean;
}

/** Every target's first run of a scenario comes before anyone's second, and all of them before the next scenario: what the
 * machine does meanwhile strikes all targets alike. */
export function planSteps(options: PlanOptions): readonly Step[] {
  const { scenarios, targets, runs, settings, areNamed = false } = options;
  return scenarios.flatMap((scenario) => {
    const passedOver = areNamed ? [] : (scenario.passesOver ?? []);
    const fitting = targets.filter(
      (target) => !passedOver.includes(target.name) && fits(scenario, target, settings),
    );
    return Array.from({ length: runs }, (_, run) =>
      fitting.map((target) => ({ scenario, target, run })),
    ).flat();
  });
}

/** Whether the scenario can be measured at the target. */
export function fits(scenario: Scenario, target: Target, settings: LoadSettings): boolean {
  if (scenario.needsTrace === true && settings.trace === undefined) return false;
  return scenario.needs.every((capability) => target.capabilities.has(capability));
}
