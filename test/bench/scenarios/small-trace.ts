// A made-up editing history in the format of the public traces: two people at once, each going on from what both did.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Letters that one types before looking at what the other did. */
export const burst = 10;

/** Writes it to a file of its own, gone again when `remove` is called. In each round both type a burst. */
export async function writeSmallTrace(
  rounds: number,
): Promise<{ file: string; remove: () => Promise<void> }> {
  const txns: { parents: number[]; agent: number; patches: unknown[] }[] = [];
  let heads: number[] = [];
  const type = (agent: number, from: readonly number[], start: number): number => {
    for (let i = 0; i < burst; i++)
      txns.push({
        parents: i === 0 ? [...from] : [txns.length - 1],
        agent,
        // One types on at the beginning, the other at the end: whoever comes first, the text is the same.
        patches: [agent === 0 ? [i, 0, 'a'] : [start + i, 0, 'b']],
      });
    return txns.length - 1;
  };
  for (let round = 0; round < rounds; round++) {
    const length = round * 2 * burst;
    const first = type(0, heads, 0);
    // At the very beginning there is nothing to go on from but what the first one did.
    const second = round === 0 ? type(1, [first], burst) : type(1, heads, length);
    heads = round === 0 ? [second] : [first, second];
  }
  const endContent = 'a'.repeat(rounds * burst) + 'b'.repeat(rounds * burst);
  const folder = await mkdtemp(join(tmpdir(), 'heddle-test-'));
  const file = join(folder, 'small.json');
  await writeFile(file, JSON.stringify({ kind: 'concurrent', endContent, numAgents: 2, txns }));
  return { file, remove: () => rm(folder, { recursive: true }) };
}
