// Every standard target really runs here: installed from the registry where it must be, started, written to and read,
// restarted where it can be. What is installed is kept below node_modules for the next time.

import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { standardTargets } from '../../../bench/targets/all.js';
import type { Endpoint, Target } from '../../../bench/targets/target.js';
import { until } from '../../support/stock-client.js';
import { canRun, installPackages } from '../../support/system-packages.js';
import { connectEventually, type ProtocolClient } from '../targets/protocol-client.js';

/** SQLite is compiled. */
const installPatienceMs = 900_000;
const targets = standardTargets();
/** Compiling SQLite takes minutes, so the target that needs it runs by command alone: HEDDLE_SQLITE=1. */
const hasSqlite = process.env['HEDDLE_SQLITE'] === '1';
const tried = targets.filter(({ name }) => hasSqlite || !name.includes('sqlite'));
if (!hasSqlite) console.info('Left out: the target hocuspocus+sqlite. HEDDLE_SQLITE=1 runs it.');

beforeAll(() => {
  const tools = hasSqlite ? ['make', 'g++', 'python3'] : [];
  if (!tools.every((tool) => canRun(tool, '--version'))) installPackages(...tools);
  vi.stubEnv(
    'HEDDLE_BENCH_HOME',
    fileURLToPath(new URL('../../../node_modules/.cache/heddle-bench', import.meta.url)),
  );
});
afterAll(() => void vi.unstubAllEnvs());

/** A server that is to store an edit, and does not tell when it has, has done so by then, also on a busy machine. */
const unsaidStoringMs = 3_000;

async function connect(endpoint: Endpoint): Promise<ProtocolClient> {
  const client = await connectEventually(endpoint, 'team/notes');
  onTestFinished(() => client.close());
  return client;
}

/** One client's edit reaches another that was there, and is acknowledged where the server does that. */
async function checkRelay({ capabilities }: Target, endpoint: Endpoint): Promise<void> {
  const [writer, reader] = [await connect(endpoint), await connect(endpoint)];
  if (capabilities.has('sync'))
    await until(() => writer.syncReplies > 0 && reader.syncReplies > 0, 'both are synced');
  writer.type('hello');
  await until(() => reader.text() === 'hello', 'the edit has arrived');
  if (capabilities.has('acknowledgements'))
    await until(() => writer.acknowledged === writer.owed, 'all it sent is acknowledged');
}

/** A third client, which came later, is told too. */
async function checkMemory(endpoint: Endpoint): Promise<void> {
  const late = await connect(endpoint);
  await until(() => late.text() === 'hello', 'who comes later has the edit');
}

describe('standard targets', () => {
  test('are the ones that are compared, in their order', () => {
    expect(targets.map(({ name }) => name)).toEqual([
      'heddle',
      'heddle+native',
      'heddle+ws',
      'bare',
      'bare-5ms',
      'y-websocket-server',
      'y-websocket-server+leveldb',
      'hocuspocus',
      'hocuspocus+sqlite',
    ]);
    const durable = targets.filter(({ capabilities }) => capabilities.has('durable'));
    expect(durable.map(({ name }) => name)).toEqual(['heddle', 'heddle+native', 'heddle+ws']);
  });

  test.each(tried.map((target) => [target.name, target] as const))(
    'H7 %s can be had and does what it says',
    { timeout: installPatienceMs },
    async (_, target) => {
      await target.prepare(() => {});
      const running = await target.start();
      onTestFinished(() => running.stop());
      await checkRelay(target, running.endpoint);
      if (target.capabilities.has('sync')) await checkMemory(running.endpoint);
      if (!target.capabilities.has('restart')) return;
      // Who does not acknowledge does not tell when an edit is stored either.
      if (!target.capabilities.has('durable')) await delay(unsaidStoringMs);
      await running.halt();
      await checkMemory(await running.resume());
    },
  );
});
