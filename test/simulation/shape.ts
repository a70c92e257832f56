// What one simulated world is like. Each seed gets a random part of all that can go wrong: faults that happen in every run
// hide each other, and many need company that is seldom.

import { defaultLimits, type Limits } from '../../shared/limits.js';
import type { SeededRandom } from '../support/seeded-random.js';
import type { Vices } from './raw-agent.js';
import type { Climate } from './weather-maker.js';

export interface Shape {
  readonly documents: number;
  readonly stock: number;
  readonly native: number;
  readonly nativeOverHttp: number;
  readonly readers: number;
  readonly raw: readonly {
    readonly access: 'read' | 'write';
    readonly isOverHttp: boolean;
    readonly vices: Vices;
  }[];
  readonly climate: Climate;
  readonly limits: Partial<Limits>;
  readonly gc: boolean;
  readonly hasFormats: boolean;
  readonly hasCrashes: boolean;
  readonly hasRestarts: boolean;
  readonly hasCheckpoints: boolean;
  readonly hasDamage: boolean;
  readonly hasFatalErrors: boolean;
  readonly hasFailingLoads: boolean;
  readonly hasLostAnswers: boolean;
  /** What the store has not answered for may be written some time later, also when the server is gone by then. */
  readonly hasLateWrites: boolean;
  readonly slowestDiskMs: number;
  readonly slowestMergeMs: number;
  readonly slowestCheckMs: number;
  readonly onLoad: 'nothing' | 'seeds' | 'misbehaves';
  readonly hasExpiringTokens: boolean;
  readonly hasChangingRights: boolean;
  readonly rounds: number;
  readonly stepsPerRound: number;
  /** Things happen within moments of each other. */
  readonly isBusy: boolean;
  /** Pages of stock clients tell each other who is here. */
  readonly hasBrowsers: boolean;
}

export function pickShape(random: SeededRandom): Shape {
  const shape = pickAny(random);
  const whole = random.chance(0.08) ? { ...shape, ...crowd(random) } : shape;
  // Drawn apart from all else, so that it changes nothing in worlds that have none of it.
  const more = random.fork(19);
  const limits = more.chance(0.2) ? { ...whole.limits, ...littleMemory(more) } : whole.limits;
  const known = { ...whole, limits, hasBrowsers: more.chance(0.2) };
  return more.chance(0.1) ? { ...known, hasCrashes: true, hasLostAnswers: true, hasLateWrites: true } : known;
}

/**
 * Little of what a server keeps until something else is done (O2). But room for updates that are held: who offers what it has
 * heard of somebody else, whom the server has not heard yet, is refused for good where there is none.
 */
function littleMemory(random: SeededRandom): Partial<Limits> {
  return {
    maxUncommittedBytes: random.pick([50, 500, 5_000]),
    maxUnsentBytes: random.pick([5_000, 50_000]),
    maxTrials: random.pick([1, 4]),
    maxTrialsPerConnection: random.pick([1, 2]),
    maxSyncRequests: random.pick([3, 20]),
    maxMessagesPerTurn: random.pick([1, 10]),
  };
}

/** One document, many who type at once, and hardly any room: what is joined, relayed and acknowledged meets those who lag. */
function crowd(random: SeededRandom): Partial<Shape> {
  return {
    documents: 1,
    native: 3 + random.int(3),
    climate: { hasSlowReaders: true, hasLatency: false, hasLoss: false, hasSmallKernels: true },
    limits: tightLimits(random, true),
    hasCrashes: false,
    hasRestarts: false,
    slowestDiskMs: random.pick([20, 150]),
    rounds: 4,
    isBusy: true,
  };
}

function pickAny(random: SeededRandom): Shape {
  const isQuiet = random.chance(0.5);
  const sometimes = (probability: number): boolean => random.chance(isQuiet ? probability / 2 : probability);
  const isTight = random.chance(0.6);
  const hasMultitude = random.chance(0.001);
  const nativeOverHttp = sometimes(0.3) ? 1 : 0;
  return {
    documents: hasMultitude ? 1 : 1 + random.int(3),
    stock: hasMultitude ? 0 : random.int(4),
    native: hasMultitude ? 1 : 1 + random.int(4),
    nativeOverHttp,
    readers: hasMultitude ? 0 : random.int(3),
    raw: hasMultitude
      ? [{ access: 'write', isOverHttp: false, vices: multitude }]
      : Array.from({ length: random.chance(0.5) ? 1 + random.int(2) : 0 }, () => ({
          access: random.chance(0.7) ? ('write' as const) : ('read' as const),
          isOverHttp: random.chance(0.15),
          vices: pickVices(random),
        })),
    climate: {
      hasSlowReaders: sometimes(0.7),
      hasLatency: sometimes(0.5),
      hasLoss: sometimes(0.5),
      hasSmallKernels: isTight,
    },
    limits: isTight ? tightLimits(random, nativeOverHttp > 0) : {},
    gc: random.chance(0.7),
    hasFormats: random.chance(0.25),
    hasCrashes: sometimes(0.4),
    hasRestarts: sometimes(0.3),
    hasCheckpoints: sometimes(0.6),
    hasDamage: sometimes(0.15),
    hasFatalErrors: sometimes(0.1),
    hasFailingLoads: sometimes(0.2),
    hasLostAnswers: sometimes(0.2),
    slowestDiskMs: random.pick([0, 2, 20, 150]),
    slowestMergeMs: random.pick([0, 20, 500]),
    slowestCheckMs: random.pick([0, 0, 3, 100]),
    onLoad: sometimes(0.15) ? random.pick(['seeds', 'misbehaves'] as const) : 'nothing',
    hasExpiringTokens: sometimes(0.3),
    hasChangingRights: sometimes(0.3),
    rounds: 1 + random.int(4),
    stepsPerRound: random.pick([8, 15, 30]),
    isBusy: random.chance(0.4),
    hasBrowsers: false,
    hasLateWrites: false,
  };
}

/** Seldom, as it takes time: somebody who brings more client ids than anybody would remember the owners of. */
const multitude: Vices = {
  floods: false,
  forges: true,
  announces: false,
  garbles: false,
  jugglesTokens: false,
  swarm: 10_600,
};

function pickVices(random: SeededRandom): Vices {
  return {
    floods: random.chance(0.4),
    forges: random.chance(0.25),
    announces: random.chance(0.25),
    garbles: random.chance(0.3),
    jugglesTokens: random.chance(0.3),
    swarm: random.chance(0.1) ? random.pick([20, 200]) : 0,
  };
}

/** Little room everywhere: what takes megabytes elsewhere takes some hundred bytes here. */
function tightLimits(random: SeededRandom, hasHttp: boolean): Partial<Limits> {
  const softBufferedBytes = random.pick([300, 1_000, 4_000]);
  return {
    softBufferedBytes,
    // Over HTTP there is no kernel that takes some of it.
    maxBufferedBytes: softBufferedBytes * random.pick([6, 12]) + (hasHttp ? 20_000 : 0),
    syncPartBytes: random.pick([30, 200, 1_000]),
    maxIdleBytes: random.pick([0, 0, defaultLimits.maxIdleBytes]),
    maxKeptLogBytes: random.pick([200, 2_000, defaultLimits.maxKeptLogBytes]),
    maxStalledMs: random.pick([2_000, defaultLimits.maxStalledMs]),
  };
}
