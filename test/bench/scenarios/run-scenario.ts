// Runs one scenario at one target in this process, as the load process would, with small settings.

import { protocols } from '../../../bench/protocol/all.js';
import { usageOf } from '../../../bench/process-usage.js';
import type { LoadSettings } from '../../../bench/load/settings.js';
import type { Measurement } from '../../../bench/measurement.js';
import type { Scenario } from '../../../bench/scenarios/scenario.js';
import type { Target } from '../../../bench/targets/target.js';

/** A smoke run's. */
export const smallest: LoadSettings = { seed: 1, time: 0.05, size: 0.02 };

/** Starts the target, measures, stops it. */
export async function runScenario(
  scenario: Scenario,
  target: Target,
  settings: Partial<LoadSettings> = {},
): Promise<Measurement> {
  const running = await target.start();
  let { endpoint } = running;
  try {
    return await scenario.run({
      endpoint,
      protocol: protocols[endpoint.protocol],
      settings: { ...smallest, ...settings },
      capabilities: target.capabilities,
      progress: () => {},
      usage: () => (endpoint.pid === undefined ? undefined : usageOf(endpoint.pid)),
      halt: () => running.halt(),
      async resume() {
        endpoint = await running.resume();
        return endpoint;
      },
    });
  } finally {
    await running.stop();
  }
}
