// Writers who type at a rate, in one room or in many, and everybody in the room who is to receive it.

import type { PreparedUpdate, Script } from '../input/script.js';
import { aFewAtATime, allDelivered, closeAll, eventually, verifyDocuments } from '../load/group.js';
import { Histogram } from '../load/histogram.js';
import { Ledger } from '../load/ledger.js';
import type { Line } from '../load/line.js';
import { Participant, type ParticipantOptions } from '../load/participant.js';
import { sendAtRate, sentAtRate } from '../load/schedule.js';
import { bringDocument } from './bring-document.js';
import { reporting } from './progress.js';
import type { ScenarioContext } from './scenario.js';
import { stretch } from './stretch.js';
import type { Deliveries } from './typing-figures.js';

export interface TypingLoad {
  /** Names of rooms begin with it: rooms of different loads must not meet. */
  readonly name: string;
  /** One per room, with at least {@link updatesPerWriter} updates for each writer. */
  readonly scripts: readonly Script[];
  /** Per room, beside the writers. */
  readonly readers: number;
  /** Updates per second, over all rooms and writers. */
  readonly perS: number;
  /** Before that, at `warmUpPerS`. */
  readonly warmUpS: number;
  readonly warmUpPerS: number;
  /** Between both, at `perS`. */
  readonly settleS: number;
  readonly seconds: number;
  /** Per room: whose deliveries are timed and whose documents are compared. Readers first. */
  readonly sampled: number;
  /** The line of a participant, by its room and its place in it, where it shares one. */
  lineOf?(room: number, place: number): Line | undefined;
  /** Called when everybody is there, before anything is typed. */
  isThere?(): Promise<void>;
}

/** Of the measured stretch alone. */
export interface TypingResult extends Deliveries {
  readonly acknowledgements: Histogram;
}

interface Room {
  readonly ledger: Ledger;
  readonly participants: readonly Participant[];
  readonly writers: readonly Writer[];
}

interface Writer {
  readonly participant: Participant;
  readonly updates: readonly PreparedUpdate[];
  readonly frames: readonly Uint8Array[];
}

/** How many updates each writer needs for a load. */
export function updatesPerWriter(
  load: Pick<TypingLoad, 'perS' | 'warmUpPerS' | 'warmUpS' | 'settleS' | 'seconds'>,
  writers: number,
): number {
  const { perS, warmUpPerS, warmUpS, settleS, seconds } = load;
  const total = sentAtRate(warmUpPerS, warmUpS) + sentAtRate(perS, settleS) + sentAtRate(perS, seconds);
  return Math.ceil(total / writers);
}

/** Throws DeliveryError when something else arrives than was sent, MissingError when something does not arrive. */
export async function runTyping(context: ScenarioContext, load: TypingLoad): Promise<TypingResult> {
  const rooms = await openRooms(context, load);
  const participants = rooms.flatMap((room) => room.participants);
  try {
    await load.isThere?.();
    const type = turnsOf(rooms);
    await sendAtRate({ perS: load.warmUpPerS, seconds: load.warmUpS, send: type });
    await arrived(context, rooms);
    await sendAtRate({ perS: load.perS, seconds: load.settleS, send: type });
    await arrived(context, rooms);
    const result = await measure(context, load, rooms, type);
    for (const { ledger, participants } of rooms) verifyDocuments(ledger, participants);
    return result;
  } finally {
    closeAll(participants);
  }
}

async function measure(
  context: ScenarioContext,
  load: TypingLoad,
  rooms: readonly Room[],
  send: () => void,
): Promise<TypingResult> {
  const before = totals(rooms);
  for (const { ledger, participants } of rooms) {
    ledger.latency.clear();
    ledger.acknowledgements.clear();
    for (const participant of participants) participant.resetCounts();
  }
  const line = (): string => `${totals(rooms).deliveries - before.deliveries} deliveries`;
  return reporting(context, line, async () => {
    let seconds = 0;
    const { cpuS, found } = await stretch(context, async () => {
      const startedAt = performance.now();
      const schedule = await sendAtRate({ perS: load.perS, seconds: load.seconds, send });
      seconds = await arrived(context, rooms, startedAt);
      return schedule;
    });
    const after = totals(rooms);
    return {
      deliveries: after.deliveries - before.deliveries,
      seconds,
      cpuS,
      frames: after.frames,
      bytes: after.bytes,
      latency: merged(rooms.map(({ ledger }) => ledger.latency)),
      acknowledgements: merged(rooms.map(({ ledger }) => ledger.acknowledgements)),
      found,
    };
  });
}

/** Resolves when everything was delivered and, where it is, acknowledged. Seconds from `sinceMs` to the former. */
async function arrived(context: ScenarioContext, rooms: readonly Room[], sinceMs = 0): Promise<number> {
  await allDelivered(rooms.flatMap(({ participants }) => participants));
  const seconds = (performance.now() - sinceMs) / 1000;
  if (!context.capabilities.has('acknowledgements')) return seconds;
  const writers = rooms.flatMap((room) => room.writers.map(({ participant }) => participant));
  await eventually('not everything was acknowledged', () =>
    writers.every(({ acknowledged, typed }) => acknowledged === typed),
  );
  return seconds;
}

/** Sends the next update of the writer whose turn it is. */
function turnsOf(rooms: readonly Room[]): () => void {
  const perRoom = rooms[0]!.writers.length;
  // First writers of all rooms, then second ones: rooms take turns too.
  const writers = Array.from({ length: perRoom }, (_, i) => rooms.map((room) => room.writers[i]!)).flat();
  let turn = 0;
  return () => {
    const writer = writers[turn % writers.length]!;
    const next = Math.floor(turn++ / writers.length);
    writer.participant.type(writer.updates[next]!, writer.frames[next]);
  };
}

async function openRooms(context: ScenarioContext, load: TypingLoad): Promise<readonly Room[]> {
  const hasBase = load.scripts.some(({ base }) => base.length > 2);
  const isKept = context.capabilities.has('sync');
  const authors: Participant[] = [];
  if (hasBase && isKept)
    for (const [i, { base }] of load.scripts.entries())
      authors.push(await bringDocument(context, `${load.name}-${i}`, [base]));
  const perRoom = load.scripts[0]!.writers.length + load.readers;
  const ledgers = load.scripts.map((script) => new Ledger(script));
  const opened = await aFewAtATime(load.scripts.length * perRoom, async (index) => {
    const room = Math.floor(index / perRoom);
    const place = index % perRoom;
    const options = optionsOf(load, load.scripts[room]!, ledgers[room]!, place, isKept);
    const line = load.lineOf?.(room, place);
    const participant = await Participant.open(context, `${load.name}-${room}`, options, line);
    if (isKept) await participant.sync();
    return participant;
  });
  closeAll(authors);
  return load.scripts.map((script, i) =>
    roomOf(script, ledgers[i]!, opened.slice(i * perRoom, (i + 1) * perRoom)),
  );
}

/** Readers come first. */
function optionsOf(
  load: TypingLoad,
  { base, writers }: Script,
  ledger: Ledger,
  index: number,
  isKept: boolean,
): ParticipantOptions {
  const writer = writers[index - load.readers];
  return {
    ledger,
    isSampled: index < load.sampled,
    ...(writer === undefined ? {} : { clientId: writer.clientId }),
    // A relay keeps nothing: who comes has the document from elsewhere.
    ...(isKept ? {} : { has: base }),
  };
}

function roomOf(script: Script, ledger: Ledger, participants: readonly Participant[]): Room {
  const first = participants.length - script.writers.length;
  const writers = script.writers.map(({ updates }, i) => {
    const participant = participants[first + i]!;
    return { participant, updates, frames: updates.map((update) => participant.frameOf(update)) };
  });
  return { ledger, participants, writers };
}

function totals(rooms: readonly Room[]): { deliveries: number; frames: number; bytes: number } {
  const all = { deliveries: 0, frames: 0, bytes: 0 };
  for (const { participants } of rooms)
    for (const { delivered, frames, bytes } of participants) {
      all.deliveries += delivered;
      all.frames += frames;
      all.bytes += bytes;
    }
  return all;
}

function merged(histograms: readonly Histogram[]): Histogram {
  const all = new Histogram();
  for (const histogram of histograms) all.merge(histogram);
  return all;
}
