// Whether a document holds what the server would lose if it crashed. An update is relayed before it is durable, and no cursor
// speaks of it by then. If the server crashes and starts again, what was lost with it and with its author is found by
// comparing; whoever has heard nothing of that kind need not compare.

import type { Clock, Timer } from '../../shared/clock.js';

/** The server is asked whether all is durable so long after something was heard, ms: at most, and at least. */
const latestMs = 300_000;
const soonestMs = 30_000;

interface HeardBeyondDeps {
  readonly clock: Clock;
  /** In [0, 1): whoever heard the same asks at another time. */
  readonly random: () => number;
  /** Asks the server to say when all that it has is durable. */
  readonly ask: () => void;
}

export class HeardBeyond {
  readonly #deps: HeardBeyondDeps;
  #run: string | undefined;
  #timer: Timer | undefined;

  /** `run`: as it was remembered. */
  constructor(deps: HeardBeyondDeps, run: string | undefined) {
    this.#deps = deps;
    this.#run = run;
  }

  /** The run of the server in which something was heard that is not known to be durable; undefined for nothing. */
  get run(): string | undefined {
    return this.#run;
  }

  /** An update has come from a live room. Returns whether `run` has changed. */
  heard(run: string): boolean {
    const { clock, random, ask } = this.#deps;
    const isNew = this.#run !== run;
    this.#run = run;
    this.#timer ??= clock.after(soonestMs + random() * (latestMs - soonestMs), () => {
      this.#timer = undefined;
      ask();
    });
    return isNew;
  }

  /** The server has said that all it has sent is durable. Returns whether `run` has changed. */
  settled(): boolean {
    this.stop();
    const isNew = this.#run !== undefined;
    this.#run = undefined;
    return isNew;
  }

  /** The server is not asked: the document is not open any more. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
