// Whether a measured stretch told about the server, or about something else: the load process that was busy, or others
// who took the cores.

import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay, performance, type EventLoopUtilization } from 'node:perf_hooks';
import type { Limit } from '../measurement.js';
import { usageOf } from '../process-usage.js';

/** What a stretch was like. Shares are of one core, but for `busyShare`, which is of the stretch's time. */
export interface StretchReadings {
  /** CPU of this process. */
  readonly loadCpu: number;
  /** Part of the time in which this process' event loop was not waiting for something to do. */
  readonly busyShare: number;
  /** 99 % of the event loop's turns were late by at most so many ms. */
  readonly lagMs: number;
  /** CPU of everything but this process and the server; undefined where the machine does not say. */
  readonly othersCpu: number | undefined;
  /** CPU that nobody used. */
  readonly idleCpu: number | undefined;
  /** Sending fell behind its schedule. */
  readonly isLate: boolean;
}

export interface LimitFound {
  readonly limit: Limit | undefined;
  /** Sending fell behind its schedule: the rate was not the one that was asked for. */
  readonly isLate: boolean;
  /** The numbers behind it. */
  readonly note: string | undefined;
}

const maxBusyShare = 0.95;
const maxLagMs = 50;
/** Others' CPU that is worth a word, and what must be left idle for it not to matter. */
const maxOthersCpu = 0.25;
const leastIdleCpu = 0.25;

/** Watches one stretch, from {@link LimitWatch.start} to {@link LimitWatch.stop}. */
export class LimitWatch {
  readonly #serverPid: number | undefined;
  readonly #startedAt = performance.now();
  readonly #cpu = process.cpuUsage();
  readonly #loop: EventLoopUtilization = performance.eventLoopUtilization();
  readonly #lag = monitorEventLoopDelay({ resolution: 5 });
  readonly #machine: MachineCpu | undefined = readMachine();
  readonly #serverCpuS: number;

  private constructor(serverPid: number | undefined) {
    this.#serverPid = serverPid;
    this.#serverCpuS = cpuOf(serverPid);
    this.#lag.enable();
  }

  static start(serverPid?: number): LimitWatch {
    return new LimitWatch(serverPid);
  }

  stop(schedule?: { readonly isLate: boolean }): LimitFound {
    this.#lag.disable();
    return limitOf(this.#readings(schedule?.isLate ?? false));
  }

  #readings(isLate: boolean): StretchReadings {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const own = process.cpuUsage(this.#cpu);
    const ownS = (own.user + own.system) / 1e6;
    const serverS = cpuOf(this.#serverPid) - this.#serverCpuS;
    const before = this.#machine;
    const after = readMachine();
    const isKnown = before !== undefined && after !== undefined;
    return {
      loadCpu: ownS / seconds,
      busyShare: performance.eventLoopUtilization(this.#loop).utilization,
      lagMs: this.#lag.percentile(99) / 1e6,
      othersCpu: isKnown ? Math.max(0, after.busyS - before.busyS - ownS - serverS) / seconds : undefined,
      idleCpu: isKnown ? (after.idleS - before.idleS) / seconds : undefined,
      isLate,
    };
  }
}

/** What kept a stretch from telling about the server. */
export function limitOf(readings: StretchReadings): LimitFound {
  const { loadCpu, busyShare, lagMs, othersCpu = 0, idleCpu = Infinity, isLate } = readings;
  if (othersCpu > maxOthersCpu && idleCpu < leastIdleCpu)
    return {
      limit: 'machine',
      isLate,
      note: `other processes used ${percent(othersCpu)} of a core and ${percent(idleCpu)} were left idle`,
    };
  if (busyShare <= maxBusyShare && lagMs <= maxLagMs && !isLate)
    return { limit: undefined, isLate, note: undefined };
  return {
    limit: 'load',
    isLate,
    note:
      `the load process was busy ${percent(busyShare)} of the time, used ${percent(loadCpu)} of a core and ` +
      `lagged ${Math.round(lagMs)} ms${isLate ? ', and fell behind its schedule' : ''}`,
  };
}

interface MachineCpu {
  readonly busyS: number;
  readonly idleS: number;
}

const ticksPerS = 100;

/** CPU of the whole machine so far; undefined where /proc does not say. */
function readMachine(): MachineCpu | undefined {
  let line: string;
  try {
    line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? '';
  } catch {
    // reason: not Linux; then nothing is said about other processes
    return undefined;
  }
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softIrq = 0, steal = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return {
    busyS: (user + nice + system + irq + softIrq + steal) / ticksPerS,
    idleS: (idle + wait) / ticksPerS,
  };
}

/** 0 for a process that is not known. */
function cpuOf(pid: number | undefined): number {
  return pid === undefined ? 0 : usageOf(pid).cpuS;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
