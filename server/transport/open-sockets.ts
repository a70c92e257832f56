// How many TCP sockets clients have open, whatever they have said, and how many they may have. A socket is a file to the process,
// and a store that can open no file has failed (O13).

import { readFile } from 'node:fs/promises';
import type { Clock } from '../../shared/clock.js';
import type { Logger } from '../../shared/logger.js';

/** A socket that was just opened. */
interface Closable {
  close(): void;
}

export interface OpenSocketsDeps {
  readonly max: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** LevelDB takes so much of all files for its tables. */
const tableShare = 1 / 5;
/** What is open in any case: other files of the store, worker threads, the log. */
const otherFiles = 64;
const warnEveryMs = 60_000;

export class OpenSockets {
  readonly #deps: OpenSocketsDeps;
  #count = 0;
  #warnedAt = Number.NEGATIVE_INFINITY;

  constructor(deps: OpenSocketsDeps) {
    this.#deps = deps;
  }

  /** A socket was opened. One above the bound is closed at once. */
  opened(socket: Closable): void {
    this.#count++;
    if (this.#count <= this.#deps.max) return;
    this.#warn();
    socket.close();
  }

  /** A socket was closed, whatever it was. */
  closed(): void {
    this.#count--;
  }

  #warn(): void {
    const { max, clock, logger } = this.#deps;
    const now = clock.monotonic();
    if (now - this.#warnedAt < warnEveryMs) return;
    this.#warnedAt = now;
    logger.warn(
      { maxOpenSockets: max },
      'connections are closed at once: the process may not open more files',
    );
  }
}

/** How many sockets the process can have open beside the files of its store. No bound where the system does not say. */
export async function mostOpenSockets(
  readLimits = (): Promise<string> => readFile('/proc/self/limits', 'utf8'),
): Promise<number> {
  // Other systems than Linux have no such file.
  const limits = await readLimits().catch(() => '');
  const files = /^Max open files +(\d+)/m.exec(limits)?.[1];
  if (files === undefined) return Infinity;
  return Math.max(1, Number(files) - Math.ceil(Number(files) * tableShare) - otherFiles);
}
