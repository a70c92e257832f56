// What `heddle bench` was asked to do, read from its flags.

import { access, constants, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { nearest } from '../../server/config/arguments.js';
import { resolveOptions, type ResolvedOptions } from '../../server/config/resolve-options.js';
import { ConfigError } from '../../server/errors.js';
import { readTrace, TraceError } from '../input/trace.js';
import type { LoadSettings } from '../load/settings.js';
import type { Scenario } from '../scenarios/scenario.js';
import type { Target } from '../targets/target.js';
import { commandLine } from './command-line.js';
import { givenServer } from './given-server.js';
import { benchOptions } from './option-table.js';
import { planSteps } from './plan.js';

/** Files to write results to. */
export interface Outputs {
  readonly json: string | undefined;
  readonly html: string | undefined;
  readonly markdown: string | undefined;
}

export interface MeasureRequest {
  readonly kind: 'measure';
  readonly scenarios: readonly Scenario[];
  readonly targets: readonly Target[];
  readonly areNamed: boolean;
  readonly runs: number;
  readonly settings: LoadSettings;
  /** The command that repeats it. */
  readonly command: string;
  readonly outputs: Outputs;
}

export type BenchRequest =
  | { readonly kind: 'help' }
  | { readonly kind: 'list' }
  | { readonly kind: 'report'; readonly from: string; readonly outputs: Outputs }
  | MeasureRequest;

/** What there is to choose from. */
export interface Choice {
  readonly scenarios: readonly Scenario[];
  readonly targets: readonly Target[];
}

/** Factor on time and size of a smoke run. */
const quick = 0.1;

/** Throws ConfigError, one clear line, before anything is measured. */
export async function readRequest(argv: readonly string[], choice: Choice): Promise<BenchRequest> {
  const given = resolveOptions(benchOptions, argv, {});
  if (given.isHelp) return { kind: 'help' };
  if (given.boolean('list') === true) return { kind: 'list' };
  const outputs = { json: given.text('json'), html: given.text('html'), markdown: given.text('markdown') };
  const printed = Object.entries(outputs).filter(([, file]) => file === '-');
  if (printed.length > 1)
    throw new ConfigError(`${printed.map(([flag]) => `--${flag} -`).join(' and ')}: only one can be printed`);
  for (const [flag, file] of Object.entries(outputs)) await checkWritable(`--${flag}`, file);
  const from = given.text('from');
  if (from !== undefined) return reportOf(from, given, outputs);
  return measureRequest(given, choice, outputs);
}

function reportOf(from: string, given: ResolvedOptions, outputs: Outputs): BenchRequest {
  const kept = new Set(['from', ...Object.keys(outputs)]);
  const idle = benchOptions.find(({ flag }) => given.source(flag) !== undefined && !kept.has(flag));
  if (idle !== undefined)
    throw new ConfigError(`--${idle.flag} has no use beside --from, which measures nothing`);
  return { kind: 'report', from, outputs };
}

function measureRequest(given: ResolvedOptions, choice: Choice, outputs: Outputs): MeasureRequest {
  const isQuick = given.boolean('quick') === true;
  const trace = readTracePath(given.text('trace'));
  const request: MeasureRequest = {
    kind: 'measure',
    scenarios: chooseScenarios(given.list('only'), choice.scenarios),
    targets: chooseTargets(given, choice.targets),
    areNamed: given.list('targets') !== undefined,
    runs: given.number('runs') ?? (isQuick ? 1 : 3),
    settings: {
      seed: given.number('seed') ?? 1,
      time: isQuick ? quick : 1,
      size: isQuick ? quick : 1,
      ...(trace === undefined ? {} : { trace }),
    },
    command: commandLine(given),
    outputs,
  };
  checkFits(request);
  return request;
}

function chooseScenarios(
  only: readonly string[] | undefined,
  scenarios: readonly Scenario[],
): readonly Scenario[] {
  if (only === undefined) return scenarios;
  const ids = scenarios.map(({ id }) => id);
  const chosen = new Set(only.flatMap((text) => matchingIds(text, ids)));
  return scenarios.filter(({ id }) => chosen.has(id));
}

/** The id itself, or else all that hold the text. */
function matchingIds(text: string, ids: readonly string[]): readonly string[] {
  const matching = ids.includes(text) ? [text] : ids.filter((id) => id.includes(text));
  if (matching.length > 0) return matching;
  throw new ConfigError(`no scenario has ${JSON.stringify(text)} in its id${nearest(text, ids)}`);
}

function chooseTargets(given: ResolvedOptions, targets: readonly Target[]): readonly Target[] {
  const own = givenServer(given);
  const names = given.list('targets');
  if (names === undefined) return own === undefined ? targets : [own];
  for (const name of names) checkName(name, targets);
  return [...(own === undefined ? [] : [own]), ...targets.filter(({ name }) => names.includes(name))];
}

function checkName(name: string, targets: readonly Target[]): void {
  const known = targets.map((target) => target.name);
  if (!known.includes(name))
    throw new ConfigError(`unknown target ${JSON.stringify(name)}${nearest(name, known)}`);
}

/** Read before anything is measured, so that a bad one is known at once. */
function readTracePath(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    readTrace(file);
  } catch (error) {
    if (error instanceof TraceError) throw new ConfigError(`--trace: ${error.message}`, { cause: error });
    throw error;
  }
  return resolve(file);
}

/** Something has to be left to measure. */
function checkFits(request: MeasureRequest): void {
  if (planSteps(request).length > 0) return;
  const needs = request.scenarios.map(
    ({ id, needs, needsTrace }) =>
      `${id} needs ${[...needs, ...(needsTrace === true ? ['--trace'] : [])].join(', ')}`,
  );
  throw new ConfigError(
    `${request.targets.map(({ name }) => name).join(', ')} cannot be measured at this: ${needs.join('; ')}`,
  );
}

/** Hours of measuring must not end in a folder that is not there. */
async function checkWritable(flag: string, file: string | undefined): Promise<void> {
  if (file === undefined || file === '-') return;
  const isFolder = await stat(file).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) throw new ConfigError(`${flag}: ${file} is a folder`);
  await access(dirname(file), constants.W_OK).catch((cause: NodeJS.ErrnoException) => {
    throw new ConfigError(`${flag}: ${file} cannot be written: ${cause.code ?? cause.message}`, { cause });
  });
}
