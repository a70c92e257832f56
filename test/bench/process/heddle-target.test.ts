// H6 for our own server: each start is fresh, a halt keeps what was acknowledged, and nothing stays.

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { heddleNativeTarget, heddleTarget } from '../../../bench/targets/heddle.js';
import { Participant } from '../../../bench/load/participant.js';
import { protocols } from '../../../bench/protocol/all.js';
import type { Endpoint, RunningTarget } from '../../../bench/targets/target.js';
import { connectStock, synced, until } from '../../support/stock-client.js';
import { connectEventually, type ProtocolClient } from '../targets/protocol-client.js';

let home = '';
const data = (): Promise<string[]> => readdir(join(home, 'data'));

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'heddle-test-'));
  vi.stubEnv('HEDDLE_BENCH_HOME', home);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true });
});

function isAlive(pid = 0): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function start(): Promise<RunningTarget> {
  const target = heddleTarget();
  await target.prepare(() => {});
  const running = await target.start();
  onTestFinished(() => running.stop());
  return running;
}

async function connect(endpoint: Endpoint): Promise<ProtocolClient> {
  const client = await connectEventually(endpoint, 'notes');
  onTestFinished(() => client.close());
  return client;
}

describe('the target heddle', () => {
  test('H6 starts, halts, resumes at the same place with its data, and leaves nothing', async () => {
    const running = await start();
    const { url, pid } = running.endpoint;
    expect(await data()).toHaveLength(1);
    const writer = await connect(running.endpoint);
    writer.type('kept');
    await until(() => writer.acknowledged === 1, 'the update is acknowledged');

    await running.halt();
    expect(isAlive(pid)).toBe(false);
    const resumed = await running.resume();
    expect(resumed.url).toBe(url);
    expect(resumed.pid).not.toBe(pid);
    expect(isAlive(resumed.pid)).toBe(true);
    const reader = await connect(resumed);
    await until(() => reader.text() === 'kept', 'the reader has what was acknowledged');

    await running.stop();
    expect(isAlive(resumed.pid)).toBe(false);
    expect(await data()).toEqual([]);
    await running.stop();
  });

  test('H6 each start is a fresh server with an empty store', async () => {
    const first = await start();
    const writer = await connect(first.endpoint);
    writer.type('of the first');
    await until(() => writer.acknowledged === 1, 'the update is acknowledged');
    const second = await start();
    expect(second.endpoint.url).not.toBe(first.endpoint.url);
    const reader = await connect(second.endpoint);
    await until(() => reader.syncReplies === 1, 'the reader is synced');
    expect(reader.text()).toBe('');
    await Promise.all([first.stop(), second.stop()]);
    expect(await data()).toEqual([]);
  });

  test('its clients need the token, and stock ones are served with it', async () => {
    const { endpoint } = await start();
    const { url, token = '' } = endpoint;
    const stranger = connectStock({ url, document: 'notes' });
    const client = connectStock({ url, document: 'notes', protocols: ['heddle', token] });
    onTestFinished(() => [stranger, client].forEach((each) => each.close()));
    await synced(client);
    await until(() => stranger.closeCodes.includes(4401), 'the stranger is turned away');
    expect(stranger.provider.synced).toBe(false);
  });

  test('native clients are served with the token in their first message, and by nothing else', async () => {
    const running = await heddleNativeTarget().start();
    onTestFinished(() => running.stop());
    const { token, ...stranger } = running.endpoint;
    expect(token).toBeDefined();
    const client = await connect(running.endpoint);
    await until(() => client.syncReplies === 1, 'it is synced');
    client.type('kept');
    await until(() => client.acknowledged === 1, 'the update is acknowledged');
    const context = { endpoint: stranger, protocol: protocols.native };
    await expect(Participant.open(context, 'notes').then((one) => one.sync())).rejects.toThrow(
      /TOKEN_MISSING/,
    );
  });

  test('a crash is told at the end, and nothing stays of it', async () => {
    const running = await heddleTarget().start();
    const { pid = 0 } = running.endpoint;
    process.kill(pid, 'SIGKILL');
    await until(() => !isAlive(pid), 'the process is gone');
    await expect(running.stop()).rejects.toThrow('crashed (SIGKILL)');
    expect(await data()).toEqual([]);
  });

  test('H6 nothing stays either when the bench itself fails', async () => {
    const target = createRequire(import.meta.url).resolve('../../../dist/bench/targets/heddle.js');
    const code = `
      const { heddleTarget } = await import(${JSON.stringify(target)});
      const { endpoint } = await heddleTarget().start();
      console.log(endpoint.pid);
      throw new Error('the bench has failed');`;
    const bench = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code]);
    const failure = await bench.catch((error: { stdout: string; stderr: string }) => error);
    expect(failure.stderr).toContain('the bench has failed');
    const pid = Number(failure.stdout);
    expect(pid).toBeGreaterThan(0);
    await until(() => !isAlive(pid), 'the server is gone');
    expect(await data()).toEqual([]);
  });
});
