// The process that measures LevelDB: gets a plan over IPC, answers with what was written, ends.

import { writeChainedBatches, type BatchPlan } from './chained-batches.js';

process.once('message', (plan: BatchPlan) => {
  // A failure ends the process with its stack on stderr and a code, which the parent reports.
  void writeChainedBatches(plan).then((result) => process.send?.(result, () => process.disconnect()));
});
