// `npm run bench`: measures the server in this checkout. `--runs N`, `--only TEXT`, `--document FILE` (a Yjs update to join).

import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { allScenarios, type Figures, type Scenario } from './scenarios.js';
import { canPin, pinSelf, ServerUnderTest } from './server-under-test.js';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '3' }, only: { type: 'string' }, document: { type: 'string' } },
});

async function measure(scenario: Scenario, runs: number): Promise<Figures[]> {
  const results: Figures[] = [];
  for (let run = 0; run < runs; run++) {
    const server = await ServerUnderTest.start();
    try {
      results.push(await scenario.run(server));
    } finally {
      await server.stop();
    }
  }
  return results;
}

/** min, median and max of each figure. */
function print(name: string, results: readonly Figures[]): void {
  console.log(`\n${name}`);
  for (const figure of Object.keys(results[0] ?? {})) {
    const sorted = results.map((result) => result[figure] ?? Number.NaN).sort((a, b) => a - b);
    const [min, median, max] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
    console.log(
      `  ${figure.padEnd(40)} ${String(min).padStart(12)} ${String(median).padStart(12)} ${String(max).padStart(12)}`,
    );
  }
}

pinSelf();
const file = values.document;
const document = file === undefined ? undefined : (): Uint8Array => new Uint8Array(readFileSync(file));
console.log(
  `${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}, ${canPin ? 'server and load on a core each' : 'not pinned'}`,
);
console.log(`min, median and max of ${values.runs} runs`);
for (const scenario of allScenarios(document)) {
  if (values.only !== undefined && !scenario.name.includes(values.only)) continue;
  print(scenario.name, await measure(scenario, Number(values.runs)));
}
process.exit();
