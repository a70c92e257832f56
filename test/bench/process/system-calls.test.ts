// System calls of a real server under a steady load, counted by strace. They depend on how the work falls into turns of
// the event loop, so the budgets leave room; what they catch is a write per message where there was one per batch. Start and stop are counted too: a few hundred.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { makePeopleScript } from '../../../bench/input/people.js';
import type { Script } from '../../../bench/input/script.js';
import { connectRaw, type RawClient } from '../../support/raw-client.js';
import { makeFolder } from '../../support/server-process.js';
import { until } from '../../support/stock-client.js';
import { budgets } from '../counters/measure-counters.js';
import { hasTool } from '../counters/tools.js';

const canCount = hasTool('strace', '-f', '-c', '-o', '/dev/null', process.execPath, '-e', '0');
const command = fileURLToPath(new URL('../../../dist/server/cli/main.js', import.meta.url));

const load = { writers: 10, readers: 10, updatesPerWriter: 200, perS: 1_000 };
const sends = ['write', 'writev', 'sendto', 'sendmsg'];
const polls = ['epoll_wait', 'epoll_pwait', 'epoll_pwait2'];

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (let last = cleanup.pop(); last !== undefined; last = cleanup.pop()) await last();
});

interface TracedServer {
  readonly url: string;
  /** Ends it. How often each system call was made by all its threads, from start to end. */
  stop(): Promise<Map<string, number>>;
}

async function startedServer(folder: string): Promise<TracedServer> {
  const file = join(folder, 'calls');
  const counting = ['-f', '-c', '-U', 'name,calls', '-o', file];
  const flags = ['--auth', 'none', '--host', '127.0.0.1', '--port', '0', '--data', join(folder, 'data')];
  const strace = spawn('strace', [...counting, process.execPath, command, 'serve', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(strace, 'close');
  let output = '';
  for (const stream of [strace.stdout, strace.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const listening = (): RegExpExecArray | null => /"port":(\d+).*"pid":(\d+).*"msg":"listening"/.exec(output);
  cleanup.push(async () => {
    const pid = listening()?.[2];
    if (strace.exitCode === null && pid !== undefined) process.kill(Number(pid), 'SIGKILL');
    strace.kill('SIGKILL');
    await ended;
  });
  await until(
    () => listening() !== null || strace.exitCode !== null,
    () => `the server listens: ${output}`,
    30_000,
  );
  const [, port, pid] = listening() ?? [];
  if (pid === undefined) throw new Error(`the server did not start: ${output}`);
  return {
    url: `ws://127.0.0.1:${port}`,
    async stop() {
      process.kill(Number(pid), 'SIGTERM');
      await ended;
      const rows = [...readFileSync(file, 'utf8').matchAll(/^ *(\w+) +(\d+)$/gm)];
      return new Map(rows.map(([, name = '', calls]) => [name, Number(calls)]));
    },
  };
}

/** Open loop, one writer after the other. */
async function type({ writers }: Script, clients: readonly RawClient[]): Promise<void> {
  const total = load.writers * load.updatesPerWriter;
  const startedAt = performance.now();
  for (let sent = 0; sent < total; await sleep(5)) {
    const due = Math.min(total, Math.ceil(((performance.now() - startedAt) / 1_000) * load.perS));
    for (; sent < due; sent++) {
      const writer = sent % load.writers;
      clients[writer]!.send(writers[writer]!.updates[Math.floor(sent / load.writers)]!.update);
    }
  }
}

describe.skipIf(!canCount)('system calls', () => {
  test('H11 a delivery costs no more of them than its budget', async () => {
    const folder = await makeFolder();
    cleanup.push(folder.remove);
    const server = await startedServer(folder.path);
    const script = makePeopleScript({ ...load, seed: 1, baseBytes: 2_000 });
    const updates = script.writers.flatMap((writer) => writer.updates.map(({ update }) => update));
    const participants = load.writers + load.readers;
    const clients = Array.from({ length: participants }, () =>
      connectRaw({ url: server.url, document: 'calls' }),
    );
    for (const client of clients) cleanup.push(() => client.terminate());
    await until(() => clients.every(({ isSynced }) => isSynced), 'all are synced', 30_000);
    clients[0]!.send(script.base);
    await until(
      () => clients.every(({ received }) => received.covers(script.base)),
      'all have the base',
      30_000,
    );

    const hasAll = ({ received }: RawClient): boolean => updates.every((update) => received.covers(update));
    await type(script, clients);
    await until(() => clients.every(hasAll), 'all have everything', 30_000);
    for (const client of clients) client.terminate();
    const calls = await server.stop();

    const sum = (names: readonly string[]): number =>
      names.reduce((all, name) => all + (calls.get(name) ?? 0), 0);
    const counted = {
      'systemCalls.sendsPerDelivery': sum(sends) / (updates.length * participants),
      'systemCalls.pollsPerUpdate': sum(polls) / updates.length,
    };
    console.log(counted);
    for (const [name, value] of Object.entries(counted)) {
      expect(value, 'something was counted').toBeGreaterThan(0);
      expect(value, `${name}: ${budgets[name]!.what}`).toBeLessThanOrEqual(budgets[name]!.budget);
    }
  });
});
