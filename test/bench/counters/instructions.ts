// A process of its own: judges and records as many updates as it is told, and ends. Its instructions are counted from
// outside, once with updates and once without.

import { makePeopleScript } from '../../../bench/input/people.js';
import { CausalIndex } from '../../../server/crdt/causal-index.js';
import { defaultLimits } from '../../../shared/limits.js';

const perRound = 200;
const rounds = Number(process.argv[2]) / perRound;
const { base, writers } = makePeopleScript({
  writers: 1,
  updatesPerWriter: perRound,
  seed: 1,
  baseBytes: 1_000,
});

for (let round = 0; round < rounds; round++) {
  const index = new CausalIndex(defaultLimits);
  index.apply(index.judge(base));
  for (const { update } of writers[0]!.updates) index.apply(index.judge(update));
}
