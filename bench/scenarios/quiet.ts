// Waits until a server has done what it had to, so that none of it is counted to what comes next.

import { setTimeout as sleep } from 'node:timers/promises';
import type { ScenarioContext } from './scenario.js';

const stepMs = 50;
const quietMs = 250;
const patienceMs = 5_000;

/** Resolves when the server has used no CPU for a while; at the latest after five seconds: some are never idle. */
export async function untilQuiet({ usage }: Pick<ScenarioContext, 'usage'>): Promise<void> {
  let last = usage()?.cpuS;
  let quietSince = performance.now();
  const until = quietSince + patienceMs;
  while (performance.now() < until) {
    await sleep(stepMs);
    const now = usage()?.cpuS;
    if (now !== last) quietSince = performance.now();
    else if (performance.now() - quietSince >= quietMs) return;
    last = now;
  }
}
