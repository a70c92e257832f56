// One process of a measured server, from its start to its certain end. The servers here are a few lines of Node.

import { tmpdir } from 'node:os';
import { describe, expect, onTestFinished, test } from 'vitest';
import { canPin, serverCore } from '../../../bench/targets/cores.js';
import { ServerProcess, type ServerCommand } from '../../../bench/targets/start-process.js';

const patienceMs = 20_000;

function program(code: string, env: Record<string, string> = {}): ServerCommand {
  const command = [process.execPath, '--input-type=module', '--eval', code];
  return { command, folder: tmpdir(), env, isReady: (line) => line.startsWith('READY') };
}

async function start(code: string, env?: Record<string, string>): Promise<ServerProcess> {
  const server = await ServerProcess.start(program(code, env));
  onTestFinished(() => {
    if (isAlive(server.pid)) process.kill(server.pid, 'SIGKILL');
  });
  return server;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('the process of a measured server', () => {
  test('H6 runs until it is ended, and is gone then', async () => {
    const server = await start(`console.log('READY'); setInterval(() => {}, 1000)`);
    await server.listening();
    expect(isAlive(server.pid)).toBe(true);
    expect(await server.end(patienceMs)).toBe('ended');
    expect(isAlive(server.pid)).toBe(false);
  });

  test('H6 is killed when it does not end by itself', async () => {
    const server = await start(
      `process.on('SIGTERM', () => {}); console.log('READY'); setInterval(() => {}, 1000)`,
    );
    await server.listening();
    expect(await server.end(50)).toBe('killed');
    expect(isAlive(server.pid)).toBe(false);
  });

  test('gets nothing of the surroundings but what it needs to run', async () => {
    process.env['HEDDLE_PORT'] = '1';
    onTestFinished(() => void delete process.env['HEDDLE_PORT']);
    const code = `console.error(Object.keys(process.env).sort().join()); process.exit(1)`;
    const server = await start(code, { OWN: '1' });
    await expect(server.listening()).rejects.toThrow(/: HOME,OWN,PATH$/);
  });

  test('what ends at its start says why', async () => {
    const server = await start(`throw new Error('the port is taken')`);
    await expect(server.listening()).rejects.toThrow(
      /ended at its start \(exit code 1\)[^]*the port is taken/,
    );
  });

  test('what is never ready is given up', async () => {
    const server = await start(`console.error('still loading'); setInterval(() => {}, 1000)`);
    await expect(server.listening(1_000)).rejects.toThrow(/not ready after 1 s/);
    expect(await server.end(patienceMs)).toBe('ended');
  });

  test('what has crashed meanwhile is told when it is to end', async () => {
    const server = await start(
      `console.log('READY'); setTimeout(() => { throw new Error('out of luck') }, 50)`,
    );
    await server.listening();
    while (isAlive(server.pid)) await new Promise((resolve) => setTimeout(resolve, 5));
    await expect(server.end(patienceMs)).rejects.toThrow(/crashed \(exit code 1\)[^]*out of luck/);
  });

  test('a program that does not exist is named', async () => {
    const missing = { ...program(''), command: ['/there/is/no/such-program'] };
    const started = ServerProcess.start(missing).then((server) => server.listening());
    await expect(started).rejects.toThrow('such-program');
  });

  test.runIf(canPin)('has a core of its own', async () => {
    const code = `
      import { readFileSync } from 'node:fs';
      const cores = /^Cpus_allowed_list:.*$/m.exec(readFileSync('/proc/self/status', 'utf8'));
      console.error(cores[0]); process.exit(1);`;
    const server = await start(code);
    await expect(server.listening()).rejects.toThrow(new RegExp(`Cpus_allowed_list:\\s*${serverCore}$`));
  });
});
