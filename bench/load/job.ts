// What the runner and the load process say to each other, over the IPC channel of a forked process.

import type { Measurement } from '../measurement.js';
import type { Capability, Endpoint } from '../targets/target.js';
import type { LoadSettings } from './settings.js';

export interface Job {
  /** Id of the scenario. */
  readonly scenario: string;
  readonly endpoint: Endpoint;
  readonly capabilities: readonly Capability[];
  readonly settings: LoadSettings;
}

export type ToLoad =
  | { readonly type: 'job'; readonly job: Job }
  | { readonly type: 'halted' }
  | { readonly type: 'resumed'; readonly endpoint: Endpoint };

export type FromLoad =
  | { readonly type: 'progress'; readonly line: string }
  | { readonly type: 'halt' }
  | { readonly type: 'resume' }
  | { readonly type: 'measured'; readonly measurement: Measurement }
  /** `isDelivery`: the server did not deliver what it should have; otherwise the measuring itself went wrong. */
  | { readonly type: 'failed'; readonly isDelivery: boolean; readonly message: string };
