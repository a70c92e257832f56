// Many clients that ask one server for one document at the same moment, again and again.

import type { Position } from '../../shared/native/position.js';
import type { Content } from '../load/content.js';
import { documentOf, verifySame } from '../load/documents.js';
import { closeAll, openMany } from '../load/group.js';
import type { Participant } from '../load/participant.js';
import { SharedPayloads } from '../load/shared-payloads.js';
import type { Measurement } from '../measurement.js';
import { summary } from '../statistics.js';
import { untilQuiet } from './quiet.js';
import type { ScenarioContext } from './scenario.js';
import { leastCpuS, stretch, type Stretch } from './stretch.js';

export interface StormOptions {
  readonly room: string;
  /** Clients that ask at once. */
  readonly clients: number;
  /** At most so many storms, one after the other; fewer once they have cost `enoughCpuS`. */
  readonly rounds: number;
  /** Storms before those, which are not measured, unless there is one round alone. Default 2. */
  readonly warmUps?: number;
  /** What the clients have already. Nothing, if not given. */
  readonly known?: {
    readonly update: Uint8Array;
    readonly stateVector: Uint8Array;
    /** Where it stood, for protocols that can resume there. */
    readonly position?: Position;
  };
  /** The document that every client must have afterwards. */
  readonly document: Uint8Array;
}

export interface StormResult {
  /** `cpuMsPerJoin` only where there was CPU enough to be counted. `lastSyncedMs` is the median of the storms. */
  readonly figures: Pick<Measurement['figures'], 'cpuMsPerJoin' | 'lastSyncedMs'> & {
    readonly bytesPerJoin: number;
  };
  /** The same bytes with the headers of their frames. */
  readonly wireBytesPerJoin: number;
  /** Joins that went on where the client stood. */
  readonly resumed: number;
  /** Clients open the document when they ask: others have it open since they connected, which is not counted. */
  readonly isOpening: boolean;
  /** Of the server, over all joins; undefined where its process is not known. */
  readonly cpuS: number | undefined;
  readonly joins: number;
  readonly limits: Stretch['limits'];
}

/**
 * Storms before a figure per join: a server that has just started has yet to compile what answers them. Clients that open the
 * document when they ask need more of them: connecting them all has compiled the opening for those that have it open since.
 */
export const warmUpStorms = 10;
/** CPU is counted in hundredths of a second: after this much of it, the figure is exact enough. */
const enoughCpuS = 1;

/** Throws DeliveryError when a client does not end up with the document. */
export async function runStorms(context: ScenarioContext, options: StormOptions): Promise<StormResult> {
  const { room, clients, rounds } = options;
  const warmUps = rounds > 1 ? (options.warmUps ?? 2) : 0;
  // Most answers are the same bytes: those are read and kept once, and all that is left to do per client is to compare.
  const payloads = new SharedPayloads<readonly Content[]>();
  // All connect beforehand, so that nothing but the joins comes between the first and the last reading of CPU.
  const all = await openMany(context, room, clients * (warmUps + rounds), () => ({
    payloads,
    isSampled: true,
  }));
  try {
    await untilQuiet(context);
    for (const participant of all) participant.resetCounts();
    const storm = (number: number): Promise<number> =>
      syncAll(all.slice(number * clients, (number + 1) * clients), options);
    for (let number = 0; number < warmUps; number++) await storm(number);
    const times: number[] = [];
    const measured = await stretch(context, async () => {
      const before = context.usage()?.cpuS ?? 0;
      while (times.length < rounds && (context.usage()?.cpuS ?? 0) - before < enoughCpuS)
        times.push(await storm(warmUps + times.length));
    });
    const joined = all.slice(0, (warmUps + times.length) * clients);
    context.progress(
      `${clients} clients have synced ${times.length} times, in ${times.map(Math.round).join(', ')} ms`,
    );
    verifyAll(joined, options);
    const isOpening = context.protocol.name === 'native';
    return { ...resultOf(joined.slice(warmUps * clients), times, measured), isOpening };
  } finally {
    closeAll(all);
  }
}

function resultOf(
  joined: readonly Participant[],
  times: readonly number[],
  { cpuS, limits }: Stretch,
): Omit<StormResult, 'isOpening'> {
  const joins = joined.length;
  const isCounted = cpuS !== undefined && cpuS >= leastCpuS;
  return {
    figures: {
      ...(isCounted ? { cpuMsPerJoin: (cpuS * 1000) / joins } : {}),
      lastSyncedMs: summary(times).median,
      bytesPerJoin: joined.reduce((sum, { bytes }) => sum + bytes, 0) / joins,
    },
    wireBytesPerJoin: joined.reduce((sum, { wireBytes }) => sum + wireBytes, 0) / joins,
    resumed: joined.filter(({ isResumed }) => isResumed).length,
    cpuS,
    joins,
    limits,
  };
}

/** Milliseconds from the first request until the last client has been answered. */
async function syncAll(participants: readonly Participant[], { known }: StormOptions): Promise<number> {
  const startedAt = performance.now();
  await Promise.all(participants.map((participant) => participant.sync(known?.stateVector, known?.position)));
  return performance.now() - startedAt;
}

/** Rebuilds the document from every answer that differs from those before it. */
function verifyAll(participants: readonly Participant[], { known, document }: StormOptions): void {
  const wanted = documentOf([document]);
  const verified: (readonly Uint8Array[])[] = [];
  for (const { name, kept } of participants) {
    if (verified.some((answer) => isSameAnswer(answer, kept))) continue;
    verifySame(`${name}:`, documentOf([...(known ? [known.update] : []), ...kept]), wanted);
    verified.push(kept);
  }
}

/** Equal bytes are one object: see {@link SharedPayloads}. */
function isSameAnswer(one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean {
  return one.length === other.length && one.every((update, i) => update === other[i]);
}

const openingNote =
  'A join is also the opening of the document and the check of its rights, which stock clients have behind them once connected.';

/** For people: how the figures came about. */
export function stormNotes({ joins, limits, isOpening }: StormResult): Pick<Measurement, 'limit' | 'notes'> {
  return {
    ...limits,
    notes: [
      `CPU over ${joins} joins; the time is the median of the storms.`,
      ...(isOpening ? [openingNote] : []),
      ...(limits.notes ?? []),
    ],
  };
}
