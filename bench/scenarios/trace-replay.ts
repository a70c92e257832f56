// A recorded editing history, replayed by its agents as fast as the server delivers, each after what it builds on.

import { setTimeout as sleep } from 'node:timers/promises';
import { emptyUpdate } from '../../server/crdt/state-vector.js';
import type { Script } from '../input/script.js';
import { textName } from '../input/text-name.js';
import { readTrace, traceScript, type TraceScript, type TraceUpdate } from '../input/trace.js';
import { documentOf, verifySame } from '../load/documents.js';
import { aFewAtATime, allDelivered, closeAll, openMany } from '../load/group.js';
import { Ledger } from '../load/ledger.js';
import { Participant } from '../load/participant.js';
import { DeliveryError, type Measurement } from '../measurement.js';
import type { Scenario, ScenarioContext } from './scenario.js';
import { stretch, type Stretch } from './stretch.js';

const room = 'trace';
const readerCount = 2;
/** Updates that the readers have not got yet, at most. */
const inFlight = 500;
/** Without an update for this long, the server has stopped delivering. */
const patienceMs = 10_000;

export const traceReplay: Scenario = {
  id: 'trace-replay',
  title: 'A recorded editing history, replayed by its authors',
  needs: [],
  needsTrace: true,
  maxSeconds: 300,
  run: measure,
};

async function measure(context: ScenarioContext): Promise<Measurement> {
  const { trace } = context.settings;
  if (trace === undefined) throw new Error('trace-replay needs a trace');
  const script = traceScript(readTrace(trace));
  context.progress(`${script.updates.length} updates of ${script.agents} authors`);
  const ledger = new Ledger(scriptOf(script));
  const agents = await aFewAtATime(script.agents, (index) =>
    Participant.open(context, room, { ledger, clientId: ledger.writers[index]!.script.clientId }),
  );
  const readers = await openMany(context, room, readerCount, () => ({ ledger, isSampled: true }));
  const all = [...agents, ...readers];
  try {
    if (context.capabilities.has('sync')) await Promise.all(all.map((one) => one.sync()));
    const measured = await stretch(context, async () => {
      await new Replay(script.updates, agents, readers).run((share) =>
        context.progress(`${share} % replayed`),
      );
      await allDelivered(all);
    });
    for (const participant of all) participant.verify();
    verifyReaders(readers, script);
    return measurementOf(script, deliveriesOf(all), measured);
  } finally {
    closeAll(all);
  }
}

/** The updates by author. */
function scriptOf({ agents, updates }: TraceScript): Script {
  const byAgent = Array.from({ length: agents }, (): TraceUpdate[] => []);
  for (const update of updates) byAgent[update.agent]!.push(update);
  return { base: emptyUpdate, writers: byAgent.map((own) => ({ clientId: own[0]!.clientId, updates: own })) };
}

/** Sends every update, in each author's order, and none before its author has what it builds on. */
class Replay {
  readonly #updates: readonly TraceUpdate[];
  readonly #agents: readonly Participant[];
  readonly #readers: readonly Participant[];
  /** By author: indexes of what it has still to send, the next one last. */
  readonly #waiting: number[][];
  /** By update: how many were sent before it; undefined while it is not sent. */
  readonly #sentAs: (number | undefined)[] = [];
  /** By author: it is known to have everything of which fewer than this was sent before. */
  readonly #has: number[];
  #sent = 0;

  constructor(
    updates: readonly TraceUpdate[],
    agents: readonly Participant[],
    readers: readonly Participant[],
  ) {
    this.#updates = updates;
    this.#agents = agents;
    this.#readers = readers;
    this.#waiting = agents.map((): number[] => []);
    for (let index = updates.length - 1; index >= 0; index--)
      this.#waiting[updates[index]!.agent]!.push(index);
    this.#has = agents.map(() => 0);
  }

  /** Resolves when everything has been sent. `progress` gets whole tenths, in percent. */
  async run(progress: (percent: number) => void): Promise<void> {
    let told = 0;
    let movedAt = performance.now();
    while (this.#sent < this.#updates.length) {
      const before = this.#sent;
      for (let agent = 0; agent < this.#agents.length; agent++) this.#sendOf(agent);
      if (this.#sent > before) movedAt = performance.now();
      else if (performance.now() - movedAt > patienceMs) this.#stuck();
      for (const participant of this.#everybody) if (participant.fault !== undefined) participant.verify();
      const tenths = Math.floor((this.#sent / this.#updates.length) * 10);
      if (tenths > told) progress((told = tenths) * 10);
      await sleep(1);
    }
  }

  /** Sends what an author may send now. */
  #sendOf(agent: number): void {
    const waiting = this.#waiting[agent]!;
    for (let index = waiting.at(-1); index !== undefined; index = waiting.at(-1)) {
      if (this.#inFlight() >= inFlight || !this.#hasAll(agent, index)) return;
      waiting.pop();
      this.#sentAs[index] = this.#sent++;
      this.#agents[agent]!.type(this.#updates[index]!);
    }
  }

  #inFlight(): number {
    return this.#sent - Math.min(...this.#readers.map(({ delivered }) => delivered));
  }

  #hasAll(agent: number, index: number): boolean {
    for (const dependency of this.#updates[index]!.dependsOn) {
      if (this.#updates[dependency]!.agent === agent) continue;
      const sentAs = this.#sentAs[dependency];
      if (sentAs === undefined || (sentAs >= this.#has[agent]! && !this.#catchesUp(agent))) return false;
    }
    return true;
  }

  /** Whether an author has everything that has been sent so far; it is remembered. */
  #catchesUp(agent: number): boolean {
    if (this.#agents[agent]!.missing > 0) return false;
    this.#has[agent] = this.#sent;
    return true;
  }

  get #everybody(): readonly Participant[] {
    return [...this.#agents, ...this.#readers];
  }

  #stuck(): never {
    for (const participant of this.#everybody) participant.verify();
    throw new DeliveryError(`the replay stopped after ${this.#sent} of ${this.#updates.length} updates`);
  }
}

/** Applies the updates in the order of the trace: the ledger knows none between writers, and Yjs takes long over another. */
function verifyReaders(readers: readonly Participant[], { updates, endContent }: TraceScript): void {
  const wanted = documentOf(updates.map(({ update }) => update));
  for (const reader of readers) {
    const found = reader.document();
    verifySame(`${reader.name}:`, found, wanted);
    if (found.getText(textName).toString() !== endContent)
      throw new DeliveryError(`${reader.name}: the text is not the trace's endContent`);
  }
}

function deliveriesOf(participants: readonly Participant[]): number {
  return participants.reduce((sum, { deliveredOfOthers }) => sum + deliveredOfOthers, 0);
}

function measurementOf(
  script: TraceScript,
  deliveries: number,
  { seconds, cpuS, limits }: Stretch,
): Measurement {
  const notes = [...(limits.notes ?? [])];
  if (!script.isSourceContent)
    notes.push(
      'Yjs orders concurrent inserts of this trace otherwise than its source: checked against the merge by Yjs.',
    );
  return {
    figures: {
      deliveries,
      deliveriesPerS: deliveries / seconds,
      ...(cpuS === undefined ? {} : { cpuPerMillion: (cpuS / deliveries) * 1e6, serverBusy: cpuS / seconds }),
    },
    ...limits,
    ...(notes.length === 0 ? {} : { notes }),
  };
}
