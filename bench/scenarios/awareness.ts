// People whose cursors move: a hundred in a room, and a crowd of fifteen hundred.

import { encodeAwareness } from '../../server/room/awareness-codec.js';
import { AwarenessLedger, type StateScript } from '../load/awareness-ledger.js';
import { allDelivered, closeAll, openMany } from '../load/group.js';
import type { Participant } from '../load/participant.js';
import { sendAtRate } from '../load/schedule.js';
import type { Measurement } from '../measurement.js';
import { reporting } from './progress.js';
import { climb } from './ramp.js';
import { scaled } from './scaled.js';
import type { Scenario, ScenarioContext } from './scenario.js';
import { stretch } from './stretch.js';
import { measurementOf, type Deliveries } from './typing-figures.js';
import { durations, rampDurations, rampRates } from './typing-scale.js';
import { updatesPerWriter } from './typing.js';
import { windowRelay, withStorage } from './passed-over.js';

const fullClients = 100;
const changesPerS = 10;
/** The largest room of one document that anybody has published figures of. */
const crowd = 1_500;
const firstClientId = 1000;
/** Whose deliveries are timed, and whose states are compared at the end. */
const sampled = 10;

export const awareness: Scenario = {
  id: 'awareness',
  title: `${fullClients} clients in one room, each changing its awareness ${changesPerS} times a second`,
  passesOver: [windowRelay, withStorage],
  needs: ['awareness'],
  maxSeconds: 60,
  run: measure,
};

export const awarenessRamp: Scenario = {
  id: 'awareness-ramp',
  title: `${fullClients} clients in one room changing their awareness, highest rate`,
  passesOver: [windowRelay, withStorage],
  needs: ['awareness'],
  maxSeconds: 180,
  run: measureRamp,
};

export const crowdWatches: Scenario = {
  id: 'crowd-watches',
  title: `${crowd.toLocaleString('en')} clients in one room, one of which changes its awareness once a second`,
  passesOver: [windowRelay, withStorage],
  needs: ['awareness'],
  maxSeconds: 180,
  run: (context) => measureCrowd(context, { movers: 1, warmUpPerS: 20, warmUpS: 4, settleS: 1, seconds: 20 }),
};

export const crowdMoves: Scenario = {
  id: 'crowd-moves',
  title: `${crowd.toLocaleString('en')} clients in one room, each changing its awareness once a second`,
  passesOver: [windowRelay, withStorage],
  needs: ['awareness'],
  maxSeconds: 180,
  run: (context) =>
    measureCrowd(context, { movers: crowd, warmUpPerS: crowd, warmUpS: 2, settleS: 1, seconds: 4 }),
};

/** What is sent at which rate. */
interface AwarenessLoad {
  readonly name: string;
  readonly clients: number;
  /** So many of them change their awareness; the others watch. Default: all. */
  readonly movers?: number;
  /** Changes per second of all clients together. */
  readonly perS: number;
  readonly warmUpPerS: number;
  readonly warmUpS: number;
  readonly settleS: number;
  readonly seconds: number;
}

interface AwarenessRoom {
  readonly scripts: readonly StateScript[];
  readonly ledger: AwarenessLedger;
  readonly participants: readonly Participant[];
}

async function measure(context: ScenarioContext): Promise<Measurement> {
  const { size, time } = context.settings;
  const clients = scaled(fullClients, size, 5);
  const perS = clients * changesPerS;
  const load = { name: 'awareness', clients, perS, ...durations(time, perS, clients) };
  return measurementOf(await runAwareness(context, load));
}

/** `warmUpPerS`: of all together; measured is one change a second and mover. */
async function measureCrowd(
  context: ScenarioContext,
  load: Required<Pick<AwarenessLoad, 'movers' | 'warmUpPerS' | 'warmUpS' | 'settleS' | 'seconds'>>,
): Promise<Measurement> {
  const { size, time } = context.settings;
  const clients = scaled(crowd, size, 5);
  const movers = Math.min(load.movers, clients);
  const scaledLoad = {
    name: 'crowd',
    clients,
    movers,
    perS: movers,
    warmUpPerS: Math.max(movers, scaled(load.warmUpPerS, size, 1)),
    warmUpS: Math.max(0.1, load.warmUpS * time),
    settleS: Math.max(0.1, load.settleS * time),
    seconds: Math.max(1, load.seconds * time),
  };
  return measurementOf(await runAwareness(context, scaledLoad));
}

function measureRamp(context: ScenarioContext): Promise<Measurement> {
  const { size, time } = context.settings;
  const clients = scaled(fullClients, size, 5);
  return climb(context, {
    ...rampRates(size),
    run: (perS, index) =>
      runAwareness(context, { name: `awareness-ramp-${index}`, clients, perS, ...rampDurations(time, perS) }),
  });
}

/** Throws DeliveryError when a participant does not end up with everybody's last state. */
async function runAwareness(context: ScenarioContext, load: AwarenessLoad): Promise<Deliveries> {
  const { movers = load.clients } = load;
  const scripts = statesOf(movers, updatesPerWriter(load, movers));
  const ledger = new AwarenessLedger(scripts);
  const participants = await openMany(context, load.name, load.clients, (i) => ({
    awareness: ledger,
    clientId: firstClientId + i,
    isSampled: i < sampled,
  }));
  try {
    if (context.capabilities.has('sync')) await Promise.all(participants.map((one) => one.sync()));
    const send = changesOf({ scripts, ledger, participants });
    await sendAtRate({ perS: load.warmUpPerS, seconds: load.warmUpS, send });
    await allDelivered(participants);
    await sendAtRate({ perS: load.perS, seconds: load.settleS, send });
    await allDelivered(participants);
    return await measureChanges(context, load, ledger, participants, send);
  } finally {
    closeAll(participants);
  }
}

async function measureChanges(
  context: ScenarioContext,
  { perS, seconds }: AwarenessLoad,
  ledger: AwarenessLedger,
  participants: readonly Participant[],
  send: () => void,
): Promise<Deliveries> {
  ledger.latency.clear();
  for (const participant of participants) participant.resetCounts();
  const delivered = (): number => sum(participants, ({ states }) => states?.delivered ?? 0);
  const before = delivered();
  return reporting(
    context,
    () => `${delivered() - before} deliveries`,
    async () => {
      const measured = await stretch(context, async () => {
        const schedule = await sendAtRate({ perS, seconds, send });
        await allDelivered(participants);
        return schedule;
      });
      return {
        deliveries: delivered() - before,
        seconds: measured.seconds,
        cpuS: measured.cpuS,
        frames: sum(participants, ({ frames }) => frames),
        bytes: sum(participants, ({ bytes }) => bytes),
        latency: ledger.latency,
        found: measured.found,
      };
    },
  );
}

/** Sends the next state of the client whose turn it is; all frames are made before. */
function changesOf({ scripts, ledger, participants }: AwarenessRoom): () => void {
  const frames = scripts.map(({ clientId, states }, client) =>
    states.map((state, i) =>
      participants[client]!.awarenessFrame(encodeAwareness([{ clientId, clock: i + 1, state }])),
    ),
  );
  let turn = 0;
  return () => {
    const client = turn % scripts.length;
    const next = Math.floor(turn++ / scripts.length);
    ledger.sent(client, performance.now());
    participants[client]!.sendFrame(frames[client]![next]!);
  };
}

/** Cursors that move on by a letter. */
function statesOf(clients: number, changes: number): StateScript[] {
  return Array.from({ length: clients }, (_, client) => ({
    clientId: firstClientId + client,
    states: Array.from({ length: changes }, (_, at) => cursorState(client, at)),
  }));
}

function cursorState(client: number, at: number): string {
  const position = { type: null, tname: 'text', item: { client: firstClientId, clock: at }, assoc: 0 };
  const color = `#${((client * 0x9e3779) & 0xffffff).toString(16).padStart(6, '0')}`;
  return JSON.stringify({
    user: { name: `person ${client}`, color },
    cursor: { anchor: position, head: position },
  });
}

function sum(participants: readonly Participant[], of: (participant: Participant) => number): number {
  return participants.reduce((total, participant) => total + of(participant), 0);
}
