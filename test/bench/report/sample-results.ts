// Made-up results with everything a report has to show: several runs, a limited ramp, failures, a target that is missing.
// The numbers are plausible, and nothing was measured.

import type { FigureKey } from '../../../bench/figures.js';
import type { LatencyCurve, Measurement, RampStep } from '../../../bench/measurement.js';
import type { Results, RunResult, ScenarioResult } from '../../../bench/results.js';

const targets = [
  'heddle',
  'bare',
  'bare-5ms',
  'y-websocket-server',
  'y-websocket-server+leveldb',
  'hocuspocus',
  'hocuspocus+sqlite',
  'heddle+native',
] as const;

const descriptions: Readonly<Record<string, string>> = {
  heddle: 'Heddle 0.1.0: tokens on, every update in LevelDB and synced to disk before it is acknowledged',
  bare: 'uWebSockets.js, 30 lines: publishes every message to its room; no documents, no tokens, no storage',
  'bare-5ms': 'the same, messages of 5 ms in one write',
  'y-websocket-server': '@y/websocket-server 0.1.1, no storage',
  'y-websocket-server+leveldb': '@y/websocket-server 0.1.1 with y-leveldb',
  hocuspocus: 'Hocuspocus 4.7.0, no storage, its defaults',
  'hocuspocus+sqlite': 'Hocuspocus 4.7.0 with @hocuspocus/extension-sqlite on a file, its defaults',
  'heddle+native': 'the same Heddle, its clients speak its own protocol',
};

/** Medians per target, in the order above; undefined where the target is left out. */
type Row = readonly (number | undefined)[];

interface Sample extends ScenarioResult {
  readonly rows: Readonly<Partial<Record<FigureKey, Row>>>;
  /** Median latency per target, ms: a curve is drawn around it. */
  readonly curves?: Row;
  /** Receivers of each update, and the highest deliveries per second per target. */
  readonly ramp?: { readonly receivers: number; readonly highest: Row };
  readonly points?: {
    readonly labels: { readonly x: string; readonly y: string };
    readonly x: readonly number[];
    readonly y: readonly Row[];
  };
}

const none = undefined;

const samples: readonly Sample[] = [
  {
    id: 'hot-room-500',
    title: 'One room, 50 writers and 50 readers, 500 updates/s',
    rows: {
      deliveries: [198_000, 198_000, 198_000, 198_000, 198_000, 198_000, 198_000],
      deliveriesPerS: [49_500, 49_500, 49_500, 49_400, 49_400, 49_500, 49_500],
      cpuPerMillion: [1.62, 4.9, 2.6, 8.1, 10.4, 9.6, 8.9, 1.4],
      p50Ms: [2.4, 0.9, 4.2, 3.1, 3.6, 6.8, 7.1],
      p99Ms: [9.1, 6.2, 11, 38, 64, 31, 35],
      ackP99Ms: [17, none, none, 41, 69, 33, 36, 16],
      framesPerDelivery: [0.31, 1, 1, 1, 1, 0.44, 0.44],
      bytesPerDelivery: [29, 38, 38, 38, 38, 61, 61],
    },
    curves: [2.4, 0.9, 4.2, 3.1, 3.6, 6.8, 7.1],
  },
  {
    id: 'hot-room-2000',
    title: 'One room, 50 writers and 50 readers, 2,000 updates/s',
    rows: {
      cpuPerMillion: [0.74, 2.0, 0.9, 5.6, none, 3.6, 3.4],
      p50Ms: [4.1, 2.2, 4.8, 81, none, 11, 12],
      p99Ms: [12, 19, 14, 510, none, 48, 55],
    },
    curves: [4.1, 2.2, 4.8, 81, none, 11, 12],
  },
  {
    id: 'hot-room-ramp',
    title: 'One room, 50 writers and 50 readers: the highest rate',
    rows: {
      highestDeliveriesPerS: [9_400_000, 590_000, 4_700_000, 172_000, 180_000, 1_620_000, 1_580_000],
    },
    ramp: { receivers: 99, highest: [9_400_000, 590_000, 4_700_000, 172_000, 180_000, 1_620_000, 1_580_000] },
  },
  {
    id: 'quiet-room',
    title: 'A quiet room: one writer, 10 readers, 20 updates/s',
    rows: { p50Ms: [0.46, 0.37, 4.3, 0.71, 0.83, 1.4, 1.5], p99Ms: [1.8, 1.2, 5.9, 3.3, 4.2, 5.1, 5.4] },
    curves: [0.46, 0.37, 4.3, 0.71, 0.83, 1.4, 1.5],
  },
  {
    id: 'many-rooms',
    title: '500 rooms of two, 2,000 updates/s',
    rows: {
      cpuPerMillion: [39, 27, 31, 96, 214, 128, 171],
      p50Ms: [1.1, 0.6, 4.9, 1.9, 6.1, 3.2, 3.9],
      p99Ms: [8.4, 4.1, 9.8, 22, 97, 41, 58],
      ackP99Ms: [44, none, none, 24, 101, 43, 61],
    },
    curves: [1.1, 0.6, 4.9, 1.9, 6.1, 3.2, 3.9],
  },
  {
    id: 'awareness',
    title: 'Awareness of 100 clients in one room, 10 times a second each',
    rows: {
      cpuPerMillion: [1.5, 3.7, 2.1, 8.8, none, 8.7, none],
      p50Ms: [4.4, 1.9, 5.1, 12, none, 9.8, none],
      p99Ms: [13, 14, 16, 88, none, 52, none],
    },
    curves: [4.4, 1.9, 5.1, 12, none, 9.8, none],
  },
  {
    id: 'slow-readers',
    title: '20 readers beside 5 that stopped reading',
    rows: {
      healthyP99Ms: [14, 11, none, 420, 610, 205, 230],
      rssBytes: [148e6, 121e6, none, 690e6, 720e6, 512e6, 540e6],
    },
  },
  {
    id: 'join-storm',
    title: '200 clients join a large document at once',
    rows: {
      documentBytes: [291_204, none, none, 291_204, 291_204, 291_204, 291_204],
      cpuMsPerJoin: [0.27, none, none, 5.6, 4.4, 7.4, 3.7],
      lastSyncedMs: [96, none, none, 1_210, 990, 1_620, 840],
      bytesPerJoin: [291_260, none, none, 291_230, 291_230, 583_000, 583_000],
    },
  },
  {
    id: 'return',
    title: '200 clients return with 20 updates missed',
    rows: {
      cpuMsPerJoin: [0.2, none, none, 3.2, 1.8, 1.9, 2.2, 0.05],
      lastSyncedMs: [41, none, none, 690, 402, 433, 470],
      bytesPerMissed: [22, none, none, 21, 21, 23, 23, 0.85],
    },
  },
  {
    id: 'idle-connections',
    title: 'Memory of idle connections: 5,000 over 500 rooms',
    rows: { rssBytesPerConnection: [2_740, 2_010, 2_020, 12_200, 12_400, 21_300, 21_200] },
  },
  {
    id: 'idle-documents',
    title: 'Memory of small loaded documents',
    rows: { rssBytesPerDocument: [7_900, none, none, 28_100, 39_000, 36_400, 48_200] },
    leftOut: [
      { targets: ['bare', 'bare-5ms'], why: 'no documents are kept' },
      { targets: ['heddle+native'], why: 'a document takes <the same> whoever speaks' },
    ],
  },
  {
    id: 'cold-start',
    title: 'Cold start: from the start of the process until the first client has the large document',
    rows: { coldStartMs: [142, none, none, none, 281, none, 201] },
  },
  {
    id: 'durable-writes',
    title: 'Durable writes: 1,000 writers over 200 rooms',
    rows: { acknowledgedPerS: [151_000], levelPerS: [172_000], shareOfLevel: [0.88] },
  },
  {
    id: 'growth-readers',
    title: 'CPU per million deliveries as readers grow',
    rows: { growth: [0.34, 0.81, 0.7, 0.92, none, 0.6, none] },
    points: {
      labels: { x: 'readers', y: 'CPU s per million deliveries' },
      x: [10, 100, 1000],
      y: [
        [4.7, 6.2, 4.4, 12, none, 10, none],
        [2.2, 5.4, 3.3, 11.4, none, 7, none],
        [1.6, 5, 3.1, 11, none, 6, none],
      ],
    },
  },
  {
    id: 'growth-joins',
    title: 'CPU per join as the document grows',
    rows: { growth: [0.06, none, none, 1.4, 1.3, 1.6, 1.2] },
    points: {
      labels: { x: 'document, bytes', y: 'CPU ms per join' },
      x: [10_000, 1_000_000, 10_000_000],
      y: [
        [0.09, none, none, 0.4, 0.4, 0.5, 0.4],
        [0.6, none, none, 19, 17, 26, 15],
        [5.4, none, none, 520, 500, 780, 480],
      ],
    },
  },
];

/** Runs differ by a few percent; the second is the median one, with the numbers above. */
const factors = [0.93, 1, 1.12];

function runOf(sample: Sample, index: number, run: number): RunResult[] {
  const target = targets[index]!;
  const figures = Object.fromEntries(
    Object.entries(sample.rows).flatMap(([key, row]) => {
      const median = row[index];
      return median === undefined ? [] : [[key, median * factors[run]!]];
    }),
  );
  const head = { scenario: sample.id, target, run };
  const failure = failureOf(sample.id, target, run);
  if (failure !== undefined) return [{ ...head, failure }];
  if (Object.keys(figures).length === 0) return [];
  return [{ ...head, measurement: measurementOf(sample, index, run, figures) }];
}

function failureOf(scenario: string, target: string, run: number): RunResult['failure'] {
  if (scenario === 'hot-room-2000' && target === 'y-websocket-server+leveldb')
    return {
      isDelivery: true,
      message: 'reader 7 misses 14 updates of client 3114021, the first at clock 220',
    };
  if (scenario === 'cold-start' && target === 'hocuspocus+sqlite' && run === 1)
    return { isDelivery: false, message: 'the server did not listen within 20 s' };
  return undefined;
}

function measurementOf(
  sample: Sample,
  index: number,
  run: number,
  figures: Measurement['figures'],
): Measurement {
  const curve = sample.curves?.[index];
  const highest = sample.ramp?.highest[index];
  const isLimited = sample.id === 'hot-room-ramp' && targets[index] === 'heddle' && run > 0;
  const points = sample.points?.x.flatMap((x, i) => {
    const y = sample.points!.y[i]![index];
    return y === undefined ? [] : [{ x, y: y * factors[run]! }];
  });
  return {
    figures,
    ...(curve === undefined ? {} : { latency: curveAround(curve * factors[run]!) }),
    ...(highest === undefined
      ? {}
      : { ramp: rampUpTo(highest * factors[run]!, sample.ramp!.receivers, isLimited) }),
    ...(points === undefined ? {} : { points, pointLabels: sample.points!.labels }),
    ...(isLimited ? { limit: 'load' as const } : {}),
    ...(sample.id === 'durable-writes' ? { notes: ['the relay was the limit, not the commit'] } : {}),
  };
}

const shares = [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1];
const spreads = [0.3, 0.42, 0.55, 0.63, 0.8, 1, 1.4, 2, 2.6, 4.4, 8, 12];

function curveAround(medianMs: number): LatencyCurve {
  return { count: 198_000, points: shares.map((share, i) => ({ share, ms: medianMs * spreads[i]! })) };
}

/** Steps of 1.6 from 500 updates/s; latency rises as the server fills, and the last step is over 100 ms. */
function rampUpTo(highest: number, receivers: number, isLimited: boolean): RampStep[] {
  const steps: RampStep[] = [];
  for (let offeredPerS = 500; ; offeredPerS *= 1.6) {
    const offered = offeredPerS * receivers;
    const isOver = offered > highest;
    const busy = Math.min(1, offered / highest);
    steps.push({
      offeredPerS,
      deliveriesPerS: Math.min(offered, highest * 1.03),
      p50Ms: isOver && !isLimited ? 160 : 1.2 + 6 * busy ** 2,
      p99Ms: isOver && !isLimited ? 480 : 4 + 68 * busy ** 3,
      cpuPerMillion: (busy / offered) * 1e6,
      serverBusy: isLimited ? busy * 0.6 : busy,
      limit: isOver && isLimited ? 'load' : undefined,
    });
    if (isOver) return steps;
  }
}

export const sampleResults: Results = {
  format: 1,
  environment: {
    date: '2026-02-03T04:05:06.000Z',
    cpu: 'Example CPU @ 2.40GHz',
    cores: 2,
    memoryBytes: 8_331_182_080,
    os: 'Linux 6.1.0 x64',
    node: 'v20.19.4',
    version: '0.1.0',
    commit: '0123456789ab',
    isPinned: true,
  },
  settings: { seed: 1, time: 1, size: 1 },
  command: 'npx heddle bench --runs 3 --seed 1',
  targets: [
    ...targets.map((name) => ({ name, description: descriptions[name]! })),
    {
      name: 'hocuspocus+postgres',
      description: 'Hocuspocus 4.7.0 with a <database>',
      unavailable: 'no "postgres" & no <b>compiler</b> here',
    },
  ],
  scenarios: samples.map(({ id, title, leftOut }) => ({
    id,
    title,
    ...(leftOut === undefined ? {} : { leftOut }),
  })),
  runs: samples.flatMap((sample) =>
    [0, 1, 2].flatMap((run) => targets.flatMap((_, i) => runOf(sample, i, run))),
  ),
};
