// The flags of `heddle bench`: what each means, and that a wrong one is told before anything is measured.

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { helpText } from '../../../server/config/arguments.js';
import { ConfigError } from '../../../server/errors.js';
import { listText } from '../../../bench/run/list.js';
import { benchOptions } from '../../../bench/run/option-table.js';
import { readRequest, type MeasureRequest } from '../../../bench/run/request.js';
import { makeFolder } from '../../support/server-process.js';
import { scenario, target } from './samples.js';

const choice = {
  scenarios: [
    scenario('awareness'),
    scenario('awareness-ramp'),
    scenario('cold-start', { needs: ['storage'] }),
    scenario('trace-replay', { needsTrace: true }),
  ],
  targets: [target('heddle', ['storage']), target('bare'), target('hocuspocus+sqlite', ['storage'])],
};
let folder: { path: string; remove: () => Promise<void> };

beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(() => folder.remove());

async function read(...argv: string[]): Promise<MeasureRequest> {
  const request = await readRequest(argv, choice);
  if (request.kind !== 'measure') throw new Error(`is a request to ${request.kind}`);
  return request;
}

const idsOf = ({ scenarios }: MeasureRequest): string[] => scenarios.map(({ id }) => id);
const namesOf = ({ targets }: MeasureRequest): string[] => targets.map(({ name }) => name);

describe('heddle bench', () => {
  test('without flags measures everything, three times', async () => {
    const request = await read();
    expect(request).toMatchObject({
      runs: 3,
      settings: { seed: 1, time: 1, size: 1 },
      command: 'heddle bench',
    });
    expect(request.scenarios).toEqual(choice.scenarios);
    expect(request.targets).toEqual(choice.targets);
  });

  test('--quick is short, small and once, unless --runs says more', async () => {
    expect(await read('--quick')).toMatchObject({ runs: 1, settings: { time: 0.1, size: 0.1 } });
    expect(await read('--quick', '--runs', '4')).toMatchObject({
      runs: 4,
      command: 'heddle bench --runs 4 --quick',
    });
  });

  test('--only takes an id, or all ids that hold the text, in the order of the list', async () => {
    expect(idsOf(await read('--only', 'awareness'))).toEqual(['awareness']);
    expect(idsOf(await read('--only', 'aware'))).toEqual(['awareness', 'awareness-ramp']);
    expect(idsOf(await read('--only', 'cold,ramp'))).toEqual(['awareness-ramp', 'cold-start']);
    expect(idsOf(await read('--only', 'cold', '--only', 'ramp'))).toEqual(['awareness-ramp', 'cold-start']);
  });

  test('--targets takes names', async () => {
    expect(namesOf(await read('--targets', 'hocuspocus+sqlite,heddle'))).toEqual([
      'heddle',
      'hocuspocus+sqlite',
    ]);
  });

  test('--url measures that server alone, or beside those named', async () => {
    const alone = await read('--url', 'ws://127.0.0.1:9/', '--pid', String(process.pid));
    expect(alone.targets).toHaveLength(1);
    expect(alone.targets[0]?.capabilities.has('process')).toBe(true);
    const running = await alone.targets[0]!.start();
    expect(running.endpoint).toEqual({ url: 'ws://127.0.0.1:9', protocol: 'y-websocket', pid: process.pid });
    const beside = await read('--url', 'ws://127.0.0.1:9', '--protocol', 'hocuspocus', '--targets', 'heddle');
    expect(namesOf(beside)).toEqual([beside.targets[0]?.name, 'heddle']);
    expect((await beside.targets[0]!.start()).endpoint.protocol).toBe('hocuspocus');
  });

  test('a token is not in the command that results carry', async () => {
    const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl';
    const request = await read('--url', 'wss://sync.example.com', '--token', token);
    expect((await request.targets[0]!.start()).endpoint.token).toBe(token);
    expect(request.command).toBe('heddle bench --url wss://sync.example.com --token ...');
  });

  test('the command that results carry has what counts, quoted where a shell needs it, and no file of results', async () => {
    const trace = join(folder.path, "a friend's trace.json");
    await writeFile(
      trace,
      JSON.stringify({ startContent: '', endContent: 'a', txns: [{ patches: [[0, 0, 'a']] }] }),
    );
    const request = await read('--seed', '9', '--trace', trace, '--json', join(folder.path, 'out.json'));
    expect(request.settings).toMatchObject({ seed: 9, trace });
    expect(request.command).toBe(`heddle bench --trace '${folder.path}/a friend'\\''s trace.json' --seed 9`);
    await rm(trace);
  });

  test('--from reports an earlier run', async () => {
    const html = join(folder.path, 'out.html');
    expect(await readRequest(['--from', 'results.json', '--html', html], choice)).toEqual({
      kind: 'report',
      from: 'results.json',
      outputs: { json: undefined, html, markdown: undefined },
    });
  });

  test('no flag is read from the environment', () => {
    expect(benchOptions.filter(({ env }) => env?.length !== 0)).toEqual([]);
  });

  test('--help and --list know every flag, scenario and target', async () => {
    expect(await readRequest(['--help'], choice)).toEqual({ kind: 'help' });
    expect(await readRequest(['--list'], choice)).toEqual({ kind: 'list' });
    const help = helpText('heddle bench', benchOptions);
    for (const { flag } of benchOptions) expect(help).toContain(`--${flag}`);
    expect(listText(choice).split('\n')).toEqual([
      'Scenarios',
      '  awareness       title of awareness',
      '  awareness-ramp  title of awareness-ramp',
      '  cold-start      title of cold-start (needs storage)',
      '  trace-replay    title of trace-replay (needs --trace)',
      '',
      'Targets',
      '  heddle             description of heddle',
      '  bare               description of bare',
      '  hocuspocus+sqlite  description of hocuspocus+sqlite',
      '',
    ]);
  });

  test.each([
    [['--rnus', '3'], 'unknown option --rnus; did you mean --runs?'],
    [['hot-room'], 'unexpected argument hot-room'],
    [['--runs', '0'], '--runs must be a whole number, from 1 to 1000, not "0"'],
    [['--runs'], '--runs needs a value'],
    [['--seed', '0'], '--seed must be a whole number, from 1 to 4294967295, not "0"'],
    [['--only', 'awarness'], 'no scenario has "awarness" in its id; did you mean awareness?'],
    [['--targets', 'hedle'], 'unknown target "hedle"; did you mean heddle?'],
    [['--protocol', 'hocuspocus'], '--protocol has no use without --url'],
    [['--token', 'secret'], '--token has no use without --url'],
    [['--url', 'http://localhost:1234'], '--url must be like ws://host:port or wss://host'],
    [['--url', 'ws://localhost:1234/?token=secret'], '--url must be without a user, a query and a fragment'],
    [['--url', 'ws://localhost:1', '--protocol', 'yjs'], '--protocol must be y-websocket or hocuspocus'],
    [['--url', 'ws://localhost:1', '--pid', '4194305'], '--pid: process 4194305 is not there to be read'],
    [['--trace', '/nowhere/trace.json'], '/nowhere/trace.json'],
    [['--json', '/nowhere/out.json'], '--json: /nowhere/out.json cannot be written: ENOENT'],
    [['--html', '/tmp'], '--html: /tmp is a folder'],
    [['--from', 'a.json', '--runs', '3'], '--runs has no use beside --from, which measures nothing'],
    [['--only', 'cold', '--targets', 'bare'], 'bare cannot be measured at this: cold-start needs storage'],
    [['--only', 'trace'], 'cannot be measured at this: trace-replay needs --trace'],
  ])('H12 %j is refused in one line', async (argv, words) => {
    const error = await readRequest(argv, choice).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ConfigError);
    const { message } = error as ConfigError;
    expect(message).toContain(words);
    expect(message).not.toContain('\n');
    expect(message).not.toContain('secret');
  });
});
