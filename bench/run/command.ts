// `heddle bench`: reads what is asked for, measures, prints and writes what came of it.

import { writeFile } from 'node:fs/promises';
import { helpText } from '../../server/config/arguments.js';
import { ConfigError } from '../../server/errors.js';
import { readResults, ResultsError, resultsText, writeResults } from '../report/json.js';
import { renderMarkdown } from '../report/markdown.js';
import { renderPage } from '../report/page.js';
import { renderTable } from '../report/table.js';
import type { Results } from '../results.js';
import { allScenarios } from '../scenarios/all.js';
import { standardTargets } from '../targets/all.js';
import { listText } from './list.js';
import { benchOptions } from './option-table.js';
import { readRequest, type BenchRequest, type MeasureRequest, type Outputs } from './request.js';
import { runBench } from './runner.js';
import { terminalOn } from './terminal.js';

const usage = 'heddle bench [options]';
const notes = [
  'Measures this server and its peers side by side, each with load clients that verify every delivery. Server and load get',
  'a core each where there are two. Peers are installed with pinned versions into a folder of the bench: $HEDDLE_BENCH_HOME,',
  'or heddle-bench in $XDG_CACHE_HOME or ~/.cache.',
  '',
  'Exit code: 0 when all went well, 1 when a run failed, 2 for a bad flag, 130 when interrupted.',
];
const exitFailed = 1;
const exitInterrupted = 130;

/** Prints a text as lines of standard output. Resolves when it has been taken. */
type Print = (text: string) => Promise<void>;

/** Resolves with the exit code. Throws ConfigError, one clear line, before anything is measured. */
export async function benchCommand(argv: readonly string[], print: Print): Promise<number> {
  const choice = { scenarios: allScenarios, targets: standardTargets() };
  const request = await readRequest(argv, choice);
  switch (request.kind) {
    case 'help':
      await print(helpText(usage, benchOptions, notes));
      return 0;
    case 'list':
      await print(listText(choice).trimEnd());
      return 0;
    case 'report':
      return report(readEarlier(request), request.outputs, print);
    case 'measure':
      return measure(request, print);
  }
}

function readEarlier({ from }: Extract<BenchRequest, { kind: 'report' }>): Results {
  try {
    return readResults(from);
  } catch (error) {
    if (error instanceof ResultsError) throw new ConfigError(`--from: ${error.message}`, { cause: error });
    throw error;
  }
}

async function measure(request: MeasureRequest, print: Print): Promise<number> {
  const terminal = terminalOn(process.stderr);
  const { json } = request.outputs;
  const interruption = untilInterrupted(() => terminal.line('stopping what was started'));
  try {
    const results = await runBench({
      ...request,
      ...terminal,
      signal: interruption,
      save: (soFar) => (json === undefined || json === '-' ? undefined : writeResults(json, soFar)),
    });
    terminal.clear();
    return await report(results, request.outputs, print);
  } catch (error) {
    if (!interruption.aborted) throw error;
    terminal.line(json === undefined ? 'interrupted' : `interrupted; what was measured is in ${json}`);
    return exitInterrupted;
  }
}

/** Aborts at the first SIGINT or SIGTERM; a second one ends the process on the spot. */
function untilInterrupted(say: () => void): AbortSignal {
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interruption.signal.aborted) process.exit(exitInterrupted);
      interruption.abort(new Error(`interrupted by ${signal}`));
      say();
    });
  }
  return interruption.signal;
}

/** The table is left out where standard output is to have another report, which it would spoil. */
async function report(results: Results, outputs: Outputs, print: Print): Promise<number> {
  const { json, html, markdown } = outputs;
  if (!Object.values(outputs).includes('-'))
    await print(renderTable(results, process.stdout.columns).trimEnd());
  if (json === '-') await print(resultsText(results, 'standard output').trimEnd());
  else if (json !== undefined) writeResults(json, results);
  for (const [file, render] of [
    [html, renderPage],
    [markdown, renderMarkdown],
  ] as const) {
    if (file === '-') await print(render(results).trimEnd());
    else if (file !== undefined) await writeFile(file, render(results));
  }
  return exitCodeOf(results);
}

/** Nothing measured, because nothing could be had, is no success either. */
function exitCodeOf({ runs }: Results): number {
  const failed = runs.filter(({ failure }) => failure !== undefined).length;
  if (failed > 0) process.stderr.write(`heddle bench: ${failed} of ${runs.length} runs failed\n`);
  if (runs.length === 0) process.stderr.write('heddle bench: nothing could be measured\n');
  return failed > 0 || runs.length === 0 ? exitFailed : 0;
}
