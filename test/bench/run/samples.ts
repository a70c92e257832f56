// Scenarios and targets that only have a name and what the planning looks at.

import type { LoadSettings } from '../../../bench/load/settings.js';
import type { Scenario } from '../../../bench/scenarios/scenario.js';
import type { Capability, Target } from '../../../bench/targets/target.js';

export const settings: LoadSettings = { seed: 1, time: 1, size: 1 };

export function scenario(id: string, rest: Partial<Scenario> = {}): Scenario {
  return { id, title: `title of ${id}`, needs: [], maxSeconds: 10, run: never, ...rest };
}

export function target(name: string, capabilities: readonly Capability[] = []): Target {
  return {
    name,
    description: `description of ${name}`,
    capabilities: new Set(capabilities),
    prepare: async () => {},
    start: never,
  };
}

async function never(): Promise<never> {
  throw new Error('is not to be run');
}
