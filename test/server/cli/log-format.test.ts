// The formats of the log: JSON for machines, lines to read for people.

import { describe, expect, test } from 'vitest';
import { prettyLine } from '../../../server/cli/pretty-log.js';
import { makeFolder, runHeddle } from '../../support/server-process.js';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../../../dist/server/cli/main.js', import.meta.url));

describe('the log', () => {
  test('O18 has one line for people: time, level, message, facts', () => {
    const json = JSON.stringify({
      level: 30,
      time: '2026-12-01T03:04:05.678Z',
      code: 'FORBIDDEN',
      document: 'notes/a b',
      address: '127.0.0.1',
      err: 'FORBIDDEN: "no"\nreally',
      msg: 'a document was refused',
    });
    expect(prettyLine(json)).toBe(
      '03:04:05.678 info  a document was refused code=FORBIDDEN document="notes/a b" address=127.0.0.1 ' +
        'err="FORBIDDEN: \\"no\\"\\nreally"\n',
    );
  });

  test('O18 has the stack of an error below its line', () => {
    const err = { type: 'Error', message: 'broken', stack: 'Error: broken\n    at here' };
    const json = JSON.stringify({ level: 50, time: '2026-12-01T03:04:05.678Z', err, msg: 'it failed' });
    expect(prettyLine(json)).toBe('03:04:05.678 error it failed\n    Error: broken\n    at here\n');
  });

  test.each([
    ['json', /^\{"level":30,"time":"[^"]+","host":"127\.0\.0\.1".*"msg":"listening"\}$/],
    ['pretty', /^\d\d:\d\d:\d\d\.\d{3} info {2}listening host=127\.0\.0\.1 port=\d+/],
  ])('O18 serve --log-format %s writes each line so, to the last one', async (format, listening) => {
    const folder = await makeFolder();
    const args = ['serve', '--auth', 'none', '--host', '127.0.0.1', '--port', '0', '--data', folder.path];
    const child = spawn(process.execPath, [command, ...args, '--log-format', format]);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      // Once: a second signal ends it on the spot.
      if (output.includes('listening') && !child.killed) child.kill('SIGTERM');
    });
    expect(await once(child, 'close')).toEqual([0, null]);
    await folder.remove();
    const lines = output.trimEnd().split('\n');
    expect(lines.some((line) => listening.test(line))).toBe(true);
    expect(lines.at(-1)).toContain('stopped');
    for (const line of lines) expect(line.startsWith('{')).toBe(format === 'json');
  });

  test('O18 serve refuses a format that is none', async () => {
    const { code, stderr } = await runHeddle(['serve', '--auth', 'none', '--log-format', 'xml']);
    expect([code, stderr]).toEqual([2, 'heddle: --log-format must be json or pretty, not "xml"\n']);
  });
});
