// A process of its own: how many bytes it allocates per update to inspect it, to judge and record it, to take it into a
// room and commit it; and per client that comes back to a document. Prints JSON. Needs --expose-gc, and new space for everything that is counted: no collection may
// come in between.

import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { makePeopleScript } from '../../../bench/input/people.js';
import { CausalIndex } from '../../../server/crdt/causal-index.js';
import type { Tried } from '../../../server/room/document-worker.js';
import { UpdateInspector } from '../../../server/crdt/update-inspector.js';
import { createMemoryStore } from '../../../server/store/memory-store.js';
import { defaultLimits } from '../../../shared/limits.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { InProcessWorker } from '../../support/in-process-worker.js';
import { openRoom, WatchedWriter } from '../../support/room-watch.js';
import { ReturningClients } from './returning.js';

const { base, writers } = makePeopleScript({ writers: 10, updatesPerWriter: 2_000, seed: 1 });
/** One writer after the other sends an update. */
const updates = writers[0]!.updates.flatMap((_, turn) =>
  writers.map(({ updates, clientId }) => ({ update: updates[turn]!.update, clientId })),
);
/** What arrives between two commits. */
const batch = 20;
const warmUps = 5;
const returning = 500;

/** Finds every document fine. What a worker allocates is allocated in a thread of its own. */
class Unloading extends InProcessWorker {
  override async try(): Promise<Tried> {
    return { bytes: 1, loadMs: 1 };
  }
}

let lastCollectionAt = 0;
new PerformanceObserver((list) => {
  for (const { startTime } of list.getEntries()) lastCollectionAt = Math.max(lastCollectionAt, startTime);
}).observe({ entryTypes: ['gc'] });

function inspectAll(): void {
  const inspector = new UpdateInspector(defaultLimits);
  for (const { update } of updates) inspector.inspect(update);
}

function judgeAll(): void {
  const index = new CausalIndex(defaultLimits);
  index.apply(index.judge(base));
  for (const { update } of updates) index.apply(index.judge(update));
}

/** Quiet, so that each update goes out alone; what the transport does with it is not counted. */
async function acceptAll(): Promise<void> {
  const clock = createFakeClock();
  const { room, fanout, commits } = await openRoom(createMemoryStore(), clock, { worker: new Unloading() });
  fanout.edits = () => {};
  const members = new Map(writers.map(({ clientId }) => [clientId, new WatchedWriter()]));
  for (const member of members.values()) {
    member.acknowledged = () => {};
    room.join(member);
  }
  await room.accept(base, members.get(writers[0]!.clientId)!, false);
  for (const [index, { update, clientId }] of updates.entries()) {
    void room.accept(update, members.get(clientId)!, true);
    clock.advance(8);
    if (index % batch === 0) await turn();
  }
  await commits.settle();
  if (room.progress.head !== updates.length + 1)
    throw new Error('the room has not taken every update as it is');
  room.close();
}

/** Bytes per update, on the heap and beside it. */
function bytesPerUpdate(run: () => void | Promise<void>): Promise<number> {
  return bytesPer(updates.length, run);
}

/** Each time but the last is followed by `undo`, which is not counted. */
async function bytesPer(count: number, run: () => void | Promise<void>, undo?: () => void): Promise<number> {
  for (let i = 0; i < warmUps; i++) {
    await run();
    undo?.();
  }
  globalThis.gc!();
  const startedAt = performance.now();
  const before = process.memoryUsage();
  await run();
  const after = process.memoryUsage();
  // Collections are told of later.
  for (let i = 0; i < 5; i++) await turn();
  if (lastCollectionAt > startedAt)
    throw new Error('a collection came in between: the figure would be too low');
  return (after.heapUsed + after.external - before.heapUsed - before.external) / count;
}

async function bytesPerReturn(): Promise<number> {
  const clients = await ReturningClients.connect(returning);
  const bytes = await bytesPer(
    returning,
    () => clients.open(),
    () => clients.close(),
  );
  await clients.end();
  return bytes;
}

console.log(
  JSON.stringify({
    'allocated.inspect': await bytesPerUpdate(inspectAll),
    'allocated.judge': await bytesPerUpdate(judgeAll),
    'allocated.accept': await bytesPerUpdate(acceptAll),
    'allocated.resume': await bytesPerReturn(),
  }),
);
