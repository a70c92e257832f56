// A whole bench run, as it is written to JSON and read by the report.

import type { LoadSettings } from './load/settings.js';
import type { Measurement } from './measurement.js';

/** The target that goals are about: its clients are stock ones. */
export const heddle = 'heddle';
/** The same server, with clients that speak its own protocol. */
export const heddleNative = 'heddle+native';
/** The same server on Node's own http and the ws package, with stock clients. */
export const heddleWs = 'heddle+ws';
/** The targets that are Heddle itself, in one way or another. */
export const ownTargets: readonly string[] = [heddle, heddleNative, heddleWs];

export interface Environment {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly os: string;
  readonly node: string;
  /** Of this package, and the commit where it is a checkout. */
  readonly version: string;
  readonly commit: string | undefined;
  /** Server and load had a core each. */
  readonly isPinned: boolean;
}

export interface TargetResult {
  readonly name: string;
  readonly description: string;
  /** Why it could not be measured here. */
  readonly unavailable?: string;
}

/** Targets that were not measured at a scenario, and why, in one clause. */
export interface LeftOut {
  readonly targets: readonly string[];
  readonly why: string;
}

export interface ScenarioResult {
  readonly id: string;
  readonly title: string;
  /** Absent in results of versions that did not say. */
  readonly leftOut?: readonly LeftOut[];
}

export interface RunResult {
  readonly scenario: string;
  readonly target: string;
  /** Counted from 0; run 0 of all targets comes before run 1 of any. */
  readonly run: number;
  readonly measurement?: Measurement;
  /** Why there is none. `isDelivery`: the server delivered something else than what was sent. */
  readonly failure?: { readonly isDelivery: boolean; readonly message: string };
}

export interface Results {
  readonly format: 1;
  readonly environment: Environment;
  readonly settings: LoadSettings;
  /** The command that repeats it. */
  readonly command: string;
  readonly targets: readonly TargetResult[];
  readonly scenarios: readonly ScenarioResult[];
  readonly runs: readonly RunResult[];
}
