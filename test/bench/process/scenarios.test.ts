// Every scenario of joins, memory, restarts, disk and growth at our own server, with the smallest settings.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { FigureKey } from '../../../bench/figures.js';
import { heddleNative } from '../../../bench/results.js';
import { coldStart } from '../../../bench/scenarios/cold-start.js';
import { durableWrites } from '../../../bench/scenarios/durable-writes.js';
import { growthClients } from '../../../bench/scenarios/growth-clients.js';
import { growthJoins } from '../../../bench/scenarios/growth-joins.js';
import { growthReaders } from '../../../bench/scenarios/growth-readers.js';
import { idleConnections } from '../../../bench/scenarios/idle-connections.js';
import { idleDocuments } from '../../../bench/scenarios/idle-documents.js';
import { idleLargeDocument } from '../../../bench/scenarios/idle-large-document.js';
import { hotRoom500 } from '../../../bench/scenarios/hot-room.js';
import { joinStorm } from '../../../bench/scenarios/join-storm.js';
import { manyDocuments } from '../../../bench/scenarios/many-documents.js';
import { manyRooms } from '../../../bench/scenarios/many-rooms.js';
import { returnAfterMissing } from '../../../bench/scenarios/return.js';
import type { Scenario } from '../../../bench/scenarios/scenario.js';
import { slowReadersScenario } from '../../../bench/scenarios/slow-readers.js';
import { traceReplay } from '../../../bench/scenarios/trace-replay.js';
import { heddleNativeTarget, heddleTarget } from '../../../bench/targets/heddle.js';
import { brokenTarget } from '../../support/broken-server.js';
import { runScenario } from '../scenarios/run-scenario.js';
import { writeSmallTrace } from '../scenarios/small-trace.js';

let home = '';

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'heddle-test-'));
  vi.stubEnv('HEDDLE_BENCH_HOME', home);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true });
});

/** Figures that come at any length of a run. CPU does not: there may be too little of it to count. */
const scenarios: readonly (readonly [Scenario, readonly FigureKey[]])[] = [
  [joinStorm, ['documentBytes', 'lastSyncedMs', 'bytesPerJoin']],
  [returnAfterMissing, ['documentBytes', 'lastSyncedMs', 'bytesPerJoin', 'bytesPerMissed']],
  [coldStart, ['documentBytes', 'coldStartMs']],
  [idleConnections, ['rssBytesPerConnection', 'rssBytes']],
  [idleDocuments, ['rssBytesPerDocument', 'rssBytes']],
  [idleLargeDocument, ['documentBytes', 'rssPerDocumentByte', 'rssBytes']],
  [durableWrites, ['acknowledgedPerS', 'levelPerS', 'shareOfLevel', 'ackP50Ms', 'ackP99Ms', 'deliveries']],
  [manyDocuments, ['deliveries', 'ackP99Ms', 'sockets', 'rssBytesPerOpening']],
];

/** Those that tell something about the native protocol. */
const nativeScenarios: readonly (readonly [Scenario, readonly FigureKey[]])[] = [
  [hotRoom500, ['deliveries', 'p99Ms', 'ackP99Ms', 'bytesPerDelivery']],
  [manyRooms, ['deliveries', 'p99Ms', 'ackP99Ms']],
  [slowReadersScenario, ['deliveries', 'healthyP99Ms']],
  ...scenarios.filter(([{ passesOver = [] }]) =>
    passesOver.every(({ targets }) => !targets.includes(heddleNative)),
  ),
];

describe('a smoke run with native clients', () => {
  test.each(nativeScenarios.map(([scenario, figures]) => ({ id: scenario.id, scenario, figures })))(
    'H2 $id verifies and measures',
    async ({ scenario, figures }) => {
      const measurement = await runScenario(scenario, heddleNativeTarget());
      expect(Object.keys(measurement.figures)).toEqual(expect.arrayContaining([...figures]));
      for (const value of Object.values(measurement.figures)) expect(value).toSatisfy(Number.isFinite);
    },
  );

  test('clients that return are resumed where they stood, with little more than what they missed', async () => {
    const { figures, notes = [] } = await runScenario(returnAfterMissing, heddleNativeTarget());
    expect(notes).toContain('Every client was resumed where it stood.');
    expect(figures.bytesPerMissed).toBeLessThanOrEqual(1.2);
  });

  test('many documents take one socket for each client, and stock clients one for each document', async () => {
    const [native, stock] = [
      await runScenario(manyDocuments, heddleNativeTarget()),
      await runScenario(manyDocuments, heddleTarget()),
    ];
    expect(native.figures.sockets! * 20).toBe(stock.figures.sockets);
    expect(native.figures.deliveries).toBe(stock.figures.deliveries);
  });
});

describe('a smoke run at our own server', () => {
  test.each(scenarios.map(([scenario, figures]) => ({ id: scenario.id, scenario, figures })))(
    'H2 $id verifies and measures',
    async ({ scenario, figures }) => {
      const measurement = await runScenario(scenario, heddleTarget());
      expect(Object.keys(measurement.figures)).toEqual(expect.arrayContaining([...figures]));
      for (const value of Object.values(measurement.figures)) expect(value).toSatisfy(Number.isFinite);
    },
  );

  test.each([growthReaders, growthJoins, growthClients])('H2 $id verifies and measures', async (scenario) => {
    const { points = [], pointLabels } = await runScenario(scenario, heddleTarget());
    expect(points.length).toBeGreaterThan(1);
    expect(points.map(({ x }) => x)).toEqual(points.map(({ x }) => x).sort((a, b) => a - b));
    expect(pointLabels).toBeDefined();
  });

  test('H1 a replayed trace counts each update at each of the others once', async () => {
    const { file: trace, remove } = await writeSmallTrace(10);
    onTestFinished(remove);
    const { figures } = await runScenario(traceReplay, heddleTarget(), { trace });
    expect(figures.deliveries).toBe(600);
  });
});

describe('a server that loses something', () => {
  test('H2 a document that is not whole after a restart is caught', async () => {
    await expect(runScenario(coldStart, brokenTarget('forgets'))).rejects.toThrow('after the start');
    const { figures } = await runScenario(coldStart, brokenTarget('none'));
    expect(figures.coldStartMs).toBeGreaterThan(0);
  });

  test('H3 an update dropped from a trace is caught', async () => {
    const { file: trace, remove } = await writeSmallTrace(60);
    onTestFinished(remove);
    await expect(runScenario(traceReplay, brokenTarget('drops'), { trace })).rejects.toThrow(
      /came before|never came/,
    );
  });
});
