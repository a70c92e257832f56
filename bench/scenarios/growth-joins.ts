// What a join costs as the document grows, by the byte.

import { documentOfSize } from '../input/documents.js';
import type { Measurement } from '../measurement.js';
import { bringDocument } from './bring-document.js';
import { growthOf, type Point } from './growth.js';
import { scaled } from './scaled.js';
import type { Scenario, ScenarioContext } from './scenario.js';
import { runStorms } from './storm.js';
import { allButHeddle } from './passed-over.js';

const largest = 10_000_000;
/** All clients of a storm together are sent so many bytes at most. */
const bytesAtOnce = 200_000_000;

export const growthJoins: Scenario = {
  id: 'growth-joins',
  title: 'A join as the document grows: 10 KB, 1 MB and 10 MB',
  passesOver: [allButHeddle],
  needs: ['process', 'sync'],
  maxSeconds: 240,
  async run(context): Promise<Measurement> {
    const most = scaled(largest, context.settings.size, 200_000);
    const points: Point[] = [];
    for (const bytes of new Set([10_000, Math.min(1_000_000, most), most]))
      points.push(await measurePoint(context, bytes));
    return growthOf(points, { x: 'bytes of document', y: 'server CPU ms per MB joined' }, 1000);
  },
};

async function measurePoint(context: ScenarioContext, bytes: number): Promise<Point> {
  const { seed, size, time } = context.settings;
  const room = `growth-${bytes}`;
  const document = documentOfSize(bytes, seed);
  const author = await bringDocument(context, room, [document]);
  context.progress(`a document of ${document.length} bytes is there`);
  const {
    cpuS = 0,
    joins,
    limits,
  } = await runStorms(context, {
    room,
    clients: scaled(Math.min(200, bytesAtOnce / bytes), size, 5),
    rounds: scaled(10, time, 2),
    document,
  });
  author.close();
  return { x: document.length, cpuS, units: (joins * document.length) / 1e6, limits };
}
