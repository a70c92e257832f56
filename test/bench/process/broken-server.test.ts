// Servers that are wrong, measured as anybody would measure theirs: the bench must not give them a figure.

import { afterEach, describe, expect, test } from 'vitest';
import { allScenarios, externalTarget, runBench, type RunResult, type Target } from '../../../bench/index.js';
import { BrokenServer, brokenTarget, type Fault } from '../../support/broken-server.js';

/** A fifth of the clients, and as short as it may be; typing for long enough to come to a thousand updates. */
const size = 0.2;
const timeOf = (id: string): number => (id.startsWith('hot-room') ? 0.6 : 0.1);
/** Of clocks, or of an update that only deletes. */
const outOfOrder =
  /(clocks \d+ to \d+ of client \d+ came before \d+ to \d+|update \d+ of client \d+ came before \d+)/;
const missing = /misses client \d+ clocks \d+ to \d+/;
const servers: BrokenServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function measure(id: string, target: Target): Promise<RunResult> {
  const scenarios = allScenarios.filter((scenario) => scenario.id === id);
  const { runs } = await runBench({
    scenarios,
    targets: [target],
    runs: 1,
    settings: { time: timeOf(id), size },
  });
  expect(runs).toHaveLength(1);
  return runs[0]!;
}

/** Over its URL alone, as one that somebody else runs. */
async function broken(fault: Fault): Promise<Target> {
  const server = new BrokenServer(fault);
  servers.push(server);
  await server.start();
  return externalTarget({ url: server.url, protocol: 'y-websocket' });
}

describe('a server that is right', () => {
  test.each(['hot-room-2000', 'join-storm', 'return'])('H3 passes %s', async (id) => {
    const { failure, measurement } = await measure(id, await broken('none'));
    expect(failure).toBeUndefined();
    expect(Object.keys(measurement?.figures ?? {})).not.toEqual([]);
  });

  test('H3 passes a cold start', async () => {
    const { failure, measurement } = await measure('cold-start', brokenTarget('none'));
    expect(failure).toBeUndefined();
    expect(measurement?.figures.coldStartMs).toBeGreaterThan(0);
  });

  test('H1 may send an update twice, which counts once', async () => {
    const [once, twice] = [
      await measure('hot-room-2000', await broken('none')),
      await measure('hot-room-2000', await broken('doubles')),
    ];
    expect(twice.failure).toBeUndefined();
    expect(twice.measurement?.figures.deliveries).toBe(once.measurement?.figures.deliveries);
  });
});

describe('H3 the bench catches a server', () => {
  test.each([
    ['drops one update in a thousand', 'hot-room-2000', 'drops', outOfOrder],
    ["reorders a writer's updates", 'hot-room-2000', 'swaps', outOfOrder],
    ['answers joins from an old state', 'join-storm', 'stale', missing],
    ['answers returning clients from an old state', 'return', 'stale', missing],
  ] as const)('H3 that %s', async (_, id, fault, words) => {
    const { failure, measurement } = await measure(id, await broken(fault));
    expect(measurement).toBeUndefined();
    expect(failure).toEqual({ isDelivery: true, message: expect.stringMatching(words) });
  });

  test('H2, H3 that acknowledges what it has lost after a restart', async () => {
    const { failure, measurement } = await measure('cold-start', brokenTarget('forgets'));
    expect(measurement).toBeUndefined();
    expect(failure).toEqual({ isDelivery: true, message: expect.stringMatching(missing) });
  });
});
