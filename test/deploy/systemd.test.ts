// The unit of deploy/ as systemd reads it, and that it fits the exit codes and the times of the command.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { exitCodes } from '../../server/errors.js';
import { canRun } from '../support/system-packages.js';
import { replaceOnce } from './proxy-process.js';

const unit = readFileSync(fileURLToPath(new URL('../../deploy/heddle.service', import.meta.url)), 'utf8');
const hasSystemd = canRun('systemd-analyze', '--version');
if (!hasSystemd) console.warn('systemd-analyze is not there: the unit is read by these tests alone.');

/** All settings, by section and name. A line that is none fails. */
function settings(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let section = '';
  for (const line of unit.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, begun] = /^\[(\w+)\]$/.exec(line) ?? [];
    const [, name, value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (begun === undefined && name === undefined) throw new Error(`what is ${JSON.stringify(line)}`);
    if (begun !== undefined) section = begun;
    else found.set(`${section}.${name}`, [...(found.get(`${section}.${name}`) ?? []), value]);
  }
  return found;
}

const all = settings();
const one = (name: string): string => (all.get(`Service.${name}`) ?? []).join(' ');

test('T33 the unit runs the server as a user of its own, which may write its data and nothing else', () => {
  expect(one('User')).toBe('heddle');
  expect(one('StateDirectory')).toBe('heddle');
  expect(one('ExecStart')).toContain(' serve --data /var/lib/heddle');
  expect(one('ProtectSystem')).toBe('strict');
  expect(one('NoNewPrivileges')).toBe('yes');
  expect(one('CapabilityBoundingSet')).toBe('');
  // V8 could not compile.
  expect(all.has('Service.MemoryDenyWriteExecute')).toBe(false);
});

test('T33 it starts again what may pass, and leaves alone what has to be changed by hand', () => {
  expect(one('Restart')).toBe('on-failure');
  const never = one('RestartPreventExitStatus').split(' ').map(Number);
  expect(never).toEqual([exitCodes.usage]);
  for (const code of [exitCodes.failed, exitCodes.broken, exitCodes.full]) expect(never).not.toContain(code);
  // Draining takes 10 s at most, until then nobody is killed.
  expect(Number(one('TimeoutStopSec'))).toBeGreaterThan(10);
});

test.skipIf(!hasSystemd)('T33 systemd finds nothing wrong with the unit, and little that it exposes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-unit-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'heddle.service');
  writeFileSync(file, replaceOnce(unit, { '=/usr/bin/node ': `=${process.execPath} ` }));
  const verified = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
  const said = verified.stderr.split('\n').filter((line) => line.includes('heddle.service'));
  expect([verified.status, said]).toEqual([0, []]);
  // From 0 to 100, the less the better.
  const args = ['security', '--offline=yes', '--threshold=20', file];
  const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  // Older ones cannot say it without systemd running.
  if (!/unrecognized option/.test(stderr)) expect(status, stdout.slice(-300)).toBe(0);
});
