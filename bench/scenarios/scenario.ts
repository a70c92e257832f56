// One piece of work that servers are measured at. Runs in the load process, against one server that nobody else uses.

import type { Measurement } from '../measurement.js';
import type { Protocol } from '../protocol/protocol.js';
import type { Capability, Endpoint } from '../targets/target.js';
import type { LoadSettings } from '../load/settings.js';
import type { Usage } from '../process-usage.js';
import type { PassedOver } from './passed-over.js';

export interface ScenarioContext {
  readonly endpoint: Endpoint;
  readonly protocol: Protocol;
  readonly settings: LoadSettings;
  readonly capabilities: ReadonlySet<Capability>;
  /** One line for people, shown while the scenario runs. */
  progress(line: string): void;
  /** CPU and memory of the server so far; undefined where its process is not known. */
  usage(): Usage | undefined;
  /** Stops the server, keeping its data, and starts it again: `resume` resolves when its process exists. */
  halt(): Promise<void>;
  resume(): Promise<Endpoint>;
}

export interface Scenario {
  /** For `--only` and the JSON: `hot-room-500`. */
  readonly id: string;
  readonly title: string;
  /** A server without these is left out of the scenario. */
  readonly needs: readonly Capability[];
  /** Targets that are passed over unless somebody names the targets: they would take long and tell nothing new. */
  readonly passesOver?: readonly PassedOver[];
  /** Left out unless the settings name a trace. */
  readonly needsTrace?: boolean;
  /** A bound on one run, in seconds: after it the run has failed. */
  readonly maxSeconds: number;
  /** Throws DeliveryError when what came out is not what went in. */
  run(context: ScenarioContext): Promise<Measurement>;
}
