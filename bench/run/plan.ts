// What is measured, in which order: scenario by scenario, and within one the targets take turns.

import type { LoadSettings } from '../load/settings.js';
import type { Scenario } from '../scenarios/scenario.js';
import type { LeftOut } from '../results.js';
import type { Capability, Target } from '../targets/target.js';

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
    const fitting = targets.filter(
      (target) => whyNot(scenario, target, { settings, areNamed }) === undefined,
    );
    return Array.from({ length: runs }, (_, run) =>
      fitting.map((target) => ({ scenario, target, run })),
    ).flat();
  });
}

/** Whether the scenario can be measured at the target. */
export function fits(scenario: Scenario, target: Target, settings: LoadSettings): boolean {
  return whyNot(scenario, target, { settings, areNamed: true }) === undefined;
}

/** Targets that a scenario is not measured at, by the reason. */
export function leftOut(scenario: Scenario, options: Omit<PlanOptions, 'scenarios' | 'runs'>): LeftOut[] {
  const byReason = new Map<string, string[]>();
  for (const target of options.targets) {
    const why = whyNot(scenario, target, options);
    if (why !== undefined) byReason.set(why, [...(byReason.get(why) ?? []), target.name]);
  }
  return [...byReason].map(([why, targets]) => ({ targets, why }));
}

/** Why a scenario is not measured at a target, in one clause; undefined when it is. */
function whyNot(
  { needs, needsTrace, passesOver = [] }: Scenario,
  { name, capabilities }: Target,
  { settings, areNamed = false }: Pick<PlanOptions, 'settings' | 'areNamed'>,
): string | undefined {
  if (needsTrace === true && settings.trace === undefined) return 'no trace was given';
  const missing = needs.find((capability) => !capabilities.has(capability));
  if (missing !== undefined) return withoutTexts[missing];
  return areNamed ? undefined : passesOver.find(({ targets }) => targets.includes(name))?.why;
}

const withoutTexts: Readonly<Record<Capability, string>> = {
  sync: 'no documents are kept',
  awareness: 'awareness is not passed on',
  acknowledgements: 'nothing is acknowledged',
  storage: 'nothing is stored',
  durable: 'acknowledgements do not wait for the disk',
  process: 'CPU and memory of the server are not known',
  restart: 'the server cannot be stopped and started',
};
