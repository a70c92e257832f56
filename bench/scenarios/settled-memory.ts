// The memory of a server once it has stopped changing: as its operator sees it, garbage that it has kept included.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Measurement } from '../measurement.js';
import type { ScenarioContext } from './scenario.js';

const stepMs = 250;
/** So many readings within `tolerance` of each other, and memory has settled. */
const equalReadings = 8;
const tolerance = 0.002;
const patienceMs = 20_000;

/** One after the other, of one server. */
export class MemoryReadings {
  readonly #context: ScenarioContext;
  #isSettled = true;

  constructor(context: ScenarioContext) {
    this.#context = context;
  }

  /** Resident memory, bytes, once it has settled. Throws where the server's process is not known. */
  async next(): Promise<number> {
    const readings: number[] = [];
    const until = performance.now() + patienceMs;
    while (!isSettled(readings) && performance.now() < until) {
      readings.push(this.#now());
      await sleep(stepMs);
    }
    this.#isSettled &&= isSettled(readings);
    const rssBytes = readings.at(-1)!;
    this.#context.progress(`memory of the server: ${(rssBytes / 1e6).toFixed(1)} MB`);
    return rssBytes;
  }

  /** For people, where one had not settled. */
  get notes(): Pick<Measurement, 'notes'> {
    return this.#isSettled ? {} : { notes: ['The memory of the server still changed when it was read.'] };
  }

  #now(): number {
    const usage = this.#context.usage();
    if (usage === undefined) throw new Error("the server's process is not known: its memory cannot be read");
    return usage.rssBytes;
  }
}

function isSettled(readings: readonly number[]): boolean {
  const latest = readings.slice(-equalReadings);
  return latest.length === equalReadings && Math.max(...latest) <= Math.min(...latest) * (1 + tolerance);
}
