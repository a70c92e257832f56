// Runs a whole bench: prepares the targets, measures step by step, gathers the results.

import { readEnvironment } from '../environment.js';
import type { LoadSettings } from '../load/settings.js';
import type { Results, RunResult, ScenarioResult, TargetResult } from '../results.js';
import { allScenarios } from '../scenarios/all.js';
import type { Scenario } from '../scenarios/scenario.js';
import { standardTargets } from '../targets/all.js';
import { canPin } from '../targets/cores.js';
import { TargetUnavailable, type Target } from '../targets/target.js';
import { measureOnce, type MeasureOptions } from './measure-once.js';
import type { Outcome } from './outcome.js';
import { leftOut, planSteps, type Step } from './plan.js';
import { clockText, remainingMs, type DoneStep } from './remaining-time.js';

export interface BenchOptions {
  /** Of `allScenarios`, whatever is different about them: the load process knows them by id. Default: all. */
  readonly scenarios?: readonly Scenario[];
  /** Default: `standardTargets()`. */
  readonly targets?: readonly Target[];
  /** Whether every scenario is measured at all of them, also where it would pass over some. Default: if they are given. */
  readonly areNamed?: boolean;
  /** How often each target is measured at each scenario. Default: 3. */
  readonly runs?: number;
  /** Default: seed 1, full time and size. */
  readonly settings?: Partial<LoadSettings>;
  /** The command that repeats it, for the report. */
  readonly command?: string;
  /** Stops everything that was started; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** A line about what has begun or ended. */
  line?(text: string): void;
  /** What is going on right now; each one takes the place of the one before. */
  status?(text: string): void;
  /** Keeps what there is so far: called after every scenario, and in the end, also when interrupted. */
  save?(results: Results): Promise<void> | void;
}

/** Measures one step. */
export type Measure = (step: Step, options: MeasureOptions) => Promise<Outcome>;

/** Measures the scenarios at the targets. A failed run is a result like others; rejects when interrupted, or `save` does. */
export function runBench(options: BenchOptions = {}): Promise<Results> {
  return runBenchWith(measureOnce, options);
}

/** The same, with another way to measure. */
export async function runBenchWith(measure: Measure, options: BenchOptions): Promise<Results> {
  return new Runner(measure, options).run();
}

class Runner {
  readonly #measure: Measure;
  readonly #options: BenchOptions;
  readonly #settings: LoadSettings;
  readonly #targets: readonly Target[];
  readonly #areNamed: boolean;
  readonly #steps: readonly Step[];
  readonly #environment = readEnvironment(canPin);
  readonly #startedAt = performance.now();
  /** Targets that are left out, and why. */
  readonly #unavailable = new Map<Target, string>();
  readonly #done: DoneStep[] = [];
  readonly #results: RunResult[] = [];

  constructor(measure: Measure, options: BenchOptions) {
    const { scenarios = allScenarios, targets = standardTargets(), runs = 3 } = options;
    const { areNamed = options.targets !== undefined } = options;
    this.#measure = measure;
    this.#options = options;
    this.#settings = { seed: 1, time: 1, size: 1, ...options.settings };
    this.#targets = targets;
    this.#areNamed = areNamed;
    this.#steps = planSteps({ scenarios, targets, areNamed, runs, settings: this.#settings });
  }

  async run(): Promise<Results> {
    try {
      for (const target of new Set(this.#steps.map((step) => step.target))) await this.#prepare(target);
      for (const scenario of this.#scenarios()) {
        for (const step of this.#left(scenario)) await this.#take(step);
        await this.#options.save?.(this.#soFar());
      }
    } catch (error) {
      if (this.#options.signal?.aborted === true) await this.#options.save?.(this.#soFar());
      throw error;
    }
    return this.#soFar();
  }

  async #prepare(target: Target): Promise<void> {
    this.#options.signal?.throwIfAborted();
    try {
      await target.prepare((text) => this.#options.status?.(`${target.name}: ${text}`));
    } catch (error) {
      if (!(error instanceof TargetUnavailable)) throw error;
      this.#leaveOut(target, error);
    }
  }

  async #take(step: Step): Promise<void> {
    const { signal } = this.#options;
    signal?.throwIfAborted();
    if (this.#unavailable.has(step.target)) return;
    this.#options.line?.(this.#heading(step));
    const startedAt = performance.now();
    try {
      const status = (text: string): void => this.#options.status?.(text);
      const outcome = await this.#measure(step, { settings: this.#settings, signal, status });
      // Ctrl-C reaches server and load at once: what came of the run then says nothing.
      signal?.throwIfAborted();
      this.#keep(step, outcome);
    } catch (error) {
      if (!(error instanceof TargetUnavailable)) throw error;
      this.#leaveOut(step.target, error);
    }
    this.#done.push({ step, ms: performance.now() - startedAt });
  }

  #keep({ scenario, target, run }: Step, outcome: Outcome): void {
    this.#results.push({ scenario: scenario.id, target: target.name, run, ...outcome });
    if (outcome.failure !== undefined) this.#options.line?.(`  failed: ${outcome.failure.message}`);
  }

  #leaveOut(target: Target, { message }: TargetUnavailable): void {
    this.#unavailable.set(target, message);
    this.#options.line?.(`${target.name} is left out: ${message}`);
  }

  /** `[12 of 90, 4:10, about 21:00 left] hot-room-500, heddle, run 1`. */
  #heading({ scenario, target, run }: Step): string {
    const left = this.#left();
    const at = `${this.#done.length + 1} of ${this.#done.length + left.length}`;
    const elapsed = clockText(performance.now() - this.#startedAt);
    const remaining = remainingMs(this.#done, left);
    const estimate = remaining === undefined ? '' : `, about ${clockText(remaining)} left`;
    return `[${at}, ${elapsed}${estimate}] ${scenario.id}, ${target.name}, run ${run + 1}`;
  }

  #scenarios(): readonly Scenario[] {
    return [...new Set(this.#steps.map((step) => step.scenario))];
  }

  /** Steps still to be taken. */
  #left(scenario?: Scenario): readonly Step[] {
    const done = new Set(this.#done.map(({ step }) => step));
    return this.#steps.filter(
      (step) =>
        !done.has(step) &&
        !this.#unavailable.has(step.target) &&
        (scenario === undefined || step.scenario === scenario),
    );
  }

  #soFar(): Results {
    return {
      format: 1,
      environment: this.#environment,
      settings: this.#settings,
      command: this.#options.command ?? 'heddle bench',
      targets: this.#targets.map((target) => this.#targetResult(target)),
      scenarios: this.#scenarios().map((scenario) => this.#scenarioResult(scenario)),
      runs: [...this.#results],
    };
  }

  #scenarioResult(scenario: Scenario): ScenarioResult {
    const { id, title } = scenario;
    const absent = leftOut(scenario, {
      targets: this.#targets,
      settings: this.#settings,
      areNamed: this.#areNamed,
    });
    return { id, title, ...(absent.length === 0 ? {} : { leftOut: absent }) };
  }

  #targetResult(target: Target): TargetResult {
    const unavailable = this.#unavailable.get(target);
    const { name, description } = target;
    return { name, description, ...(unavailable === undefined ? {} : { unavailable }) };
  }
}
