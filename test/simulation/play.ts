// Plays one seed: makes its world, lets things happen, and judges. A seed always plays the same.

import { SeededRandom } from '../support/seeded-random.js';
import { pickShape } from './shape.js';
import { compareLeftovers, judge, judgeVisit } from './verdict.js';
import { Violation } from './violation.js';
import { World } from './world.js';

export interface PlayOptions {
  /** Numbers of steps that are left out; the others stay as they are. */
  readonly skip?: ReadonlySet<number>;
  /** The disk acknowledges what it does not keep: to see that it is found out. */
  readonly forgets?: boolean;
}

export interface Played {
  readonly seed: number;
  readonly violation: Violation | undefined;
  readonly shape: string;
  /** How many steps there were to take. */
  readonly steps: number;
  readonly events: readonly string[];
}

export async function play(seed: number, options: PlayOptions = {}): Promise<Played> {
  const random = new SeededRandom(seed);
  const shape = pickShape(random.fork(1));
  const world = new World(shape, random.fork(2));
  world.disk.forgets = options.forgets === true;
  const stopListening = listenToFaults(world);
  let violation: Violation | undefined;
  try {
    await takeSteps(world, random, options.skip ?? new Set());
  } catch (error) {
    // What is thrown otherwise is a fault of the simulation, which has to be found by its seed as well.
    violation = error instanceof Violation ? error : new Violation('E1', textOf(error));
  } finally {
    await world.end();
    stopListening();
  }
  const steps = shape.rounds * shape.stepsPerRound;
  return { seed, violation, shape: JSON.stringify(shape), steps, events: world.timeline.events };
}

/** What nobody catches belongs to the world that it comes from. */
function listenToFaults(world: World): () => void {
  const rejected = (error: unknown): void =>
    world.timeline.violate('O1', `a rejection that nobody handles: ${textOf(error)}`);
  const thrown = (error: unknown): void => world.thrown(textOf(error));
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', thrown);
  process.on('unhandledRejection', rejected);
  return () => {
    process.off('unhandledRejection', rejected);
    process.off('uncaughtException', thrown);
    for (const other of others) process.on('uncaughtException', other);
  };
}

/** Throws the first Violation. */
async function takeSteps(world: World, random: SeededRandom, skip: ReadonlySet<number>): Promise<void> {
  const { rounds, stepsPerRound, hasCheckpoints } = world.shape;
  for (let round = 0; round < rounds; round++) {
    for (let step = 0; step < stepsPerRound; step++) {
      const number = round * stepsPerRound + step;
      if (!skip.has(number)) await world.step(random.fork(100 + number));
    }
    await world.calm(random.fork(10 + round), round === rounds - 1);
    await compareLeftovers(world);
    await judge(world, round === rounds - 1);
  }
  if (hasCheckpoints) await world.checkpoint();
  await judgeVisit(world);
  await world.empty();
}

/** Plays a seed, and where it fails plays it again without the steps that do not matter. Throws what is to be read. */
export async function replay(seed: number): Promise<void> {
  const played = await play(seed);
  if (played.violation === undefined) return;
  const skip = await shrink(seed, played.violation.rule, played.steps);
  throw new Error(report(await play(seed, { skip }), Infinity));
}

/** The smallest set of steps that still breaks the same rule, as the set of those that are left out. */
export async function shrink(
  seed: number,
  rule: string,
  steps: number,
  options: PlayOptions = {},
): Promise<ReadonlySet<number>> {
  const skip = new Set<number>();
  for (let size = Math.ceil(steps / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < steps; from += size) {
      const tried = new Set(skip);
      for (let at = from; at < Math.min(steps, from + size); at++) tried.add(at);
      if (tried.size === skip.size) continue;
      const { violation } = await play(seed, { ...options, skip: tried });
      if (violation?.rule === rule) for (const step of tried) skip.add(step);
    }
  }
  return skip;
}

/** What to read when a seed has failed, with its last so many events. */
export function report({ seed, violation, shape, events }: Played, lines: number): string {
  const head = `seed ${seed} (replay with HEDDLE_SEED=${seed}): ${violation?.message}`;
  return [head, shape, ...events.slice(-Math.min(lines, events.length))].join('\n');
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
