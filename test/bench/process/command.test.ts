// `heddle bench` as its users run it: what it refuses, what a failed run does to it, and how it stops.

import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { allScenarios, externalTarget, readResults, runBench } from '../../../bench/index.js';
import { BenchProcess } from '../../support/bench-process.js';
import { BrokenServer } from '../../support/broken-server.js';
import { makeFolder } from '../../support/server-process.js';
import { until } from '../../support/stock-client.js';

let home: { path: string; remove: () => Promise<void> };
beforeEach(async () => {
  home = await makeFolder();
});
afterEach(() => home.remove());

async function bench(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const run = new BenchProcess(home.path, args);
  const code = await run.ended();
  return { code, stdout: run.stdout, stderr: run.stderr };
}

describe('heddle bench', () => {
  test.each([
    [['--rnus', '3'], /^heddle: unknown option --rnus; did you mean --runs\?\n$/],
    [
      ['--only', 'hot-rom-500'],
      /^heddle: no scenario has "hot-rom-500" in its id; did you mean hot-room-500\?\n$/,
    ],
    [['--targets', 'hedle'], /^heddle: unknown target "hedle"; did you mean heddle\?\n$/],
    [['--trace', '/nowhere/trace.json'], /^heddle: --trace: [^\n]*\/nowhere\/trace\.json[^\n]*\n$/],
    [['--from', '/nowhere/results.json'], /^heddle: --from: [^\n]*\/nowhere\/results\.json[^\n]*\n$/],
  ])('H12 %j ends with code 2 and one line', async (args, line) => {
    const { code, stdout, stderr } = await bench(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(line);
  });

  test('--help and --list say what there is, and measure nothing', async () => {
    const help = await bench('--help');
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(/^Usage: heddle bench/);
    const list = await bench('--list');
    expect(list).toMatchObject({ code: 0, stderr: '' });
    for (const { id } of allScenarios) expect(list.stdout).toContain(`  ${id} `);
    expect(existsSync(join(home.path, 'data'))).toBe(false);
  });

  test('H7 a server that is not there is named, with the reason, and nothing measured is no success', async () => {
    const { code, stdout, stderr } = await bench(
      '--quick',
      '--only',
      'hot-room-500',
      '--url',
      'ws://127.0.0.1:9',
    );
    expect(code).toBe(1);
    expect(stderr).toContain('127.0.0.1:9 is left out: nothing listens at 127.0.0.1:9');
    expect(stdout).toContain('nothing listens at 127.0.0.1:9');
  });

  test('H3, H12 a server that reorders updates fails its run: exit code 1, and the report says so', async () => {
    const server = new BrokenServer('swaps');
    await server.start();
    const json = join(home.path, 'results.json');
    try {
      const { code, stdout, stderr } = await bench(
        ...`--quick --runs 2 --only hot-room-2000 --url ${server.url} --json ${json}`.split(' '),
      );
      expect(code).toBe(1);
      expect(stderr).toContain('2 of 2 runs failed');
      expect(stdout).toContain('WRONG DELIVERY');
      expect(readResults(json).runs.map(({ failure }) => failure?.isDelivery)).toEqual([true, true]);
    } finally {
      await server.stop();
    }
  });

  test('H6, H12 Ctrl-C stops server and load, leaves no data, keeps what was measured', async () => {
    const json = join(home.path, 'results.json');
    const flags = `--quick --runs 100 --targets heddle --only quiet-room,hot-room-500 --json ${json}`;
    const run = new BenchProcess(home.path, flags.split(' '));
    const ended = run.ended();
    // The bench, its server and its load process.
    let most = 0;
    const watch = setInterval(
      () => void run.processes().then(({ length }) => (most = Math.max(most, length))),
      100,
    );
    await until(() => run.stderr.includes('run 2'), 'the second run has begun', 60_000);
    await until(() => most === 3, 'server and load are running');
    clearInterval(watch);
    run.signal('SIGINT');
    expect(await ended).toBe(130);
    expect(run.stderr).toContain(`interrupted; what was measured is in ${json}`);
    expect(await run.processes()).toEqual([]);
    expect(await run.data()).toEqual([]);
    expect(readResults(json).runs.length).toBeGreaterThan(0);
    expect(readFileSync(json, 'utf8')).not.toContain('"failure"');
  });
});

test('H12 a run that takes longer than its bound is ended and has failed, and the next one goes on', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const url = `ws://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const bounded = allScenarios
    .filter(({ id }) => id === 'quiet-room')
    .map((one) => ({ ...one, maxSeconds: 1 }));
  try {
    const { runs } = await runBench({
      scenarios: bounded,
      targets: [externalTarget({ url, protocol: 'y-websocket' })],
      runs: 2,
    });
    const failure = { isDelivery: false, message: 'not done within its bound of 1 s' };
    expect(runs.map(({ failure }) => failure)).toEqual([failure, failure]);
  } finally {
    silent.close();
  }
});
