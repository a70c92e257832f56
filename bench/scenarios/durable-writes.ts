// How many updates a second a server acknowledges that are then on the disk, against what LevelDB alone makes durable.

import { setTimeout as sleep } from 'node:timers/promises';
import { emptyUpdate } from '../../server/crdt/state-vector.js';
import { makeKeystrokeScript } from '../input/keystrokes.js';
import type { PreparedUpdate, Script } from '../input/script.js';
import { levelRate } from '../level-baseline/level-rate.js';
import { allDelivered, closeAll, openMany, eventually, verifyDocuments } from '../load/group.js';
import { Histogram } from '../load/histogram.js';
import { Ledger } from '../load/ledger.js';
import type { Participant } from '../load/participant.js';
import type { Measurement } from '../measurement.js';
import { untilQuiet } from './quiet.js';
import { scaled } from './scaled.js';
import type { Scenario, ScenarioContext } from './scenario.js';
import { stretch, type Stretch } from './stretch.js';

const writersPerRoom = 5;
/** Of one writer: updates that are not acknowledged yet, at most. */
const inFlight = 8;
/** Updates are made beforehand for at most so many per second: all writers together, and one of them. */
const mostPerS = { all: 300_000, each: 8_000 };
/** LevelDB does not get faster with larger batches. */
const levelBatchSize = 1_000;
/** Of the rooms, in one of so many somebody rebuilds the document. */
const sampleEvery = 20;
/** From this share on, the server's core is what limits it. */
const fullCore = 0.9;

export const durableWrites: Scenario = {
  id: 'durable-writes',
  title: 'Durable writes: 1,000 writers over 200 rooms, acknowledged after fsync',
  needs: ['sync', 'durable', 'acknowledgements'],
  maxSeconds: 120,
  run: measure,
};

/** One writer: who, and what is still to be typed. */
interface Typist {
  readonly participant: Participant;
  readonly updates: readonly PreparedUpdate[];
  next: number;
}

interface Room {
  readonly ledger: Ledger;
  readonly typists: readonly Typist[];
}

async function measure(context: ScenarioContext): Promise<Measurement> {
  const { size, time } = context.settings;
  const [warmUpS, seconds] = [Math.max(0.1, time), Math.max(0.5, 4 * time)];
  const scripts = scriptsOf(scaled(200, size, 4), warmUpS + seconds);
  const levelBefore = await measureLevel(context, scripts, seconds / 2);
  const rooms = await openRooms(context, scripts);
  const typists = rooms.flatMap((room) => room.typists);
  const everybody = typists.map(({ participant }) => participant);
  try {
    await typeFor(typists, warmUpS);
    const before = countsOf(everybody);
    for (const { ledger } of rooms) ledger.acknowledgements.clear();
    const measured = await stretch(context, () => typeFor(typists, seconds));
    const after = countsOf(everybody);
    const acknowledgements = new Histogram();
    for (const { ledger } of rooms) acknowledgements.merge(ledger.acknowledgements);
    await verifyAll(rooms);
    closeAll(everybody);
    await untilQuiet(context);
    const levelAfter = await measureLevel(context, scripts, seconds / 2);
    return measurementOf(
      {
        acknowledged: after.acknowledged - before.acknowledged,
        deliveries: after.delivered - before.delivered,
        acknowledgements,
        levelPerS: (levelBefore + levelAfter) / 2,
      },
      measured,
    );
  } finally {
    closeAll(everybody);
  }
}

/** One script a room, enough for so many seconds. */
function scriptsOf(rooms: number, seconds: number): Script[] {
  const count = rooms * writersPerRoom;
  const updatesPerWriter = Math.ceil(seconds * Math.min(mostPerS.each, mostPerS.all / count));
  const { writers } = makeKeystrokeScript({ writers: count, updatesPerWriter });
  return Array.from({ length: rooms }, (_, room) => ({
    base: emptyUpdate,
    writers: writers.slice(room * writersPerRoom, (room + 1) * writersPerRoom),
  }));
}

async function measureLevel(
  { endpoint, progress }: ScenarioContext,
  scripts: readonly Script[],
  seconds: number,
): Promise<number> {
  const values = scripts.flatMap(({ writers }) =>
    writers.map(({ updates }) => updates[updates.length >> 1]!.update),
  );
  const perS = await levelRate({
    values,
    documents: scripts.length,
    batchSize: levelBatchSize,
    seconds,
    serverPid: endpoint.pid,
  });
  progress(`LevelDB alone: ${Math.round(perS)} updates per second`);
  return perS;
}

async function openRooms(context: ScenarioContext, scripts: readonly Script[]): Promise<Room[]> {
  const rooms: Room[] = [];
  for (const [index, script] of scripts.entries()) {
    const ledger = new Ledger(script);
    const participants = await openMany(context, `durable-${index}`, script.writers.length, (writer) => ({
      ledger,
      clientId: script.writers[writer]!.clientId,
      isSampled: index % sampleEvery === 0 && writer === 0,
    }));
    await Promise.all(participants.map((participant) => participant.sync()));
    const typists = participants.map((participant, writer) => ({
      participant,
      updates: script.writers[writer]!.updates,
      next: 0,
    }));
    rooms.push({ ledger, typists });
  }
  context.progress(`${rooms.length * writersPerRoom} writers are there`);
  return rooms;
}

/**
 * Everybody types as fast as their updates are acknowledged. Ends after some seconds, whatever is under way. Throws when
 * there is nothing left to type: the rate would be that of the script.
 */
async function typeFor(typists: readonly Typist[], seconds: number): Promise<void> {
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    for (const typist of typists) fill(typist);
    await sleep(1);
  }
  if (typists.some(({ next, updates }) => next === updates.length))
    throw new Error('a writer has typed everything that was made beforehand: the server is faster than that');
}

function fill(typist: Typist): void {
  const { participant, updates } = typist;
  while (typist.next - participant.acknowledged < inFlight && typist.next < updates.length)
    participant.type(updates[typist.next++]!);
}

function countsOf(participants: readonly Participant[]): { acknowledged: number; delivered: number } {
  let [acknowledged, delivered] = [0, 0];
  for (const participant of participants) {
    acknowledged += participant.acknowledged;
    delivered += participant.deliveredOfOthers;
  }
  return { acknowledged, delivered };
}

/** Throws DeliveryError when an update was not acknowledged, or somebody has not got it. */
async function verifyAll(rooms: readonly Room[]): Promise<void> {
  const typists = rooms.flatMap((room) => room.typists);
  await allDelivered(typists.map(({ participant }) => participant));
  await eventually('not everything was acknowledged', () =>
    typists.every(({ participant, next }) => participant.acknowledged === next),
  );
  for (const { ledger, typists } of rooms)
    verifyDocuments(
      ledger,
      typists.map(({ participant }) => participant),
    );
}

interface Counted {
  readonly acknowledged: number;
  /** To others than the writer. */
  readonly deliveries: number;
  /** How long acknowledgements took. */
  readonly acknowledgements: Histogram;
  readonly levelPerS: number;
}

function measurementOf(counted: Counted, { seconds, cpuS, limits }: Stretch): Measurement {
  const { acknowledged, deliveries, acknowledgements, levelPerS } = counted;
  const acknowledgedPerS = acknowledged / seconds;
  const serverBusy = cpuS === undefined ? undefined : cpuS / seconds;
  return {
    figures: {
      acknowledgedPerS,
      levelPerS,
      shareOfLevel: acknowledgedPerS / levelPerS,
      ackP50Ms: acknowledgements.quantile(0.5),
      ackP99Ms: acknowledgements.quantile(0.99),
      deliveries,
      deliveriesPerS: deliveries / seconds,
      ...(cpuS === undefined ? {} : { cpuPerMillion: (cpuS / deliveries) * 1e6, serverBusy: cpuS / seconds }),
    },
    ...limits,
    notes: [
      limitedBy(limits.limit, serverBusy),
      `LevelDB alone: batches of ${levelBatchSize}, one in flight, before and after, on the server's core, in the temporary folder.`,
      ...(limits.notes ?? []),
    ],
  };
}

function limitedBy(limit: Measurement['limit'], serverBusy: number | undefined): string {
  if (limit === 'load') return 'The load process was the limit: the server takes more than this.';
  if (limit === 'machine') return 'Other processes were the limit.';
  if (serverBusy === undefined) return 'What was the limit is not known: the process of the server is not.';
  if (serverBusy >= fullCore)
    return "The server's core was the limit: reading, checking and relaying, not the disk.";
  const percent = Math.round(serverBusy * 100);
  return `The server used ${percent} % of its core; the rest was waiting for the disk, or for those who wait for it.`;
}
