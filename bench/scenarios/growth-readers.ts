// What a delivery costs as the readers of a room grow. The number of connections, the rate of each room and all
// deliveries per second stay the same: ten rooms of a hundred readers against one of a thousand.

import { makeKeystrokeScript } from '../input/keystrokes.js';
import type { Measurement } from '../measurement.js';
import { growthOf, type Point } from './growth.js';
import { scaled } from './scaled.js';
import type { Scenario, ScenarioContext } from './scenario.js';
import { limitOf } from './stretch.js';
import { durations } from './typing-scale.js';
import { runTyping, updatesPerWriter } from './typing.js';
import { allButHeddle } from './passed-over.js';

/** Of each room's one writer. */
const updatesPerS = 40;

export const growthReaders: Scenario = {
  id: 'growth-readers',
  title: 'A delivery as readers grow: rooms of 10, 100 and 1,000',
  passesOver: [allButHeddle],
  needs: ['process'],
  maxSeconds: 120,
  async run(context): Promise<Measurement> {
    const all = scaled(1_000, context.settings.size, 100);
    const points: Point[] = [];
    for (const readers of [10, 100, 1_000].filter((count) => count <= all))
      points.push(await measurePoint(context, readers, Math.floor(all / readers)));
    return growthOf(points, { x: 'readers in a room', y: 'server CPU s per million deliveries' });
  },
};

async function measurePoint(context: ScenarioContext, readers: number, rooms: number): Promise<Point> {
  context.progress(`${rooms} rooms of ${readers} readers`);
  const perS = updatesPerS * rooms;
  const stretch = { perS, ...durations(context.settings.time, perS, readers + 1) };
  const script = makeKeystrokeScript({ writers: rooms, updatesPerWriter: updatesPerWriter(stretch, rooms) });
  const {
    cpuS = 0,
    deliveries,
    found,
  } = await runTyping(context, {
    ...stretch,
    name: `growth-${readers}`,
    scripts: script.writers.map((writer) => ({ base: script.base, writers: [writer] })),
    readers,
    sampled: 1,
  });
  return { x: readers, cpuS, units: deliveries / 1e6, limits: limitOf(found) };
}
