// A client's connection in a simulated world, whatever carries it, and the weather on it.

import type { Clock, Timer } from '../../shared/clock.js';
import type { SeededRandom } from '../support/seeded-random.js';
import type { ServerProcess } from './server-process.js';

export interface WireEvents {
  opened(): void;
  frame(bytes: Uint8Array): void;
  /** Comes once, and last. */
  closed(code: number, reason: string): void;
}

/** What the network does to one connection. */
export interface Weather {
  /** On the way to the server, and back, ms. */
  readonly latencyMs: number;
  /** Bytes the client reads in 20 ms; Infinity for all. */
  readonly readBytes: number;
  /** Bytes the kernel takes before the server's own buffer grows. */
  readonly kernelBytes: number;
  /** Of requests over HTTP: how many are lost on the way there, and how many answers on the way back. */
  readonly loss: number;
}

export const fairWeather: Weather = { latencyMs: 1, readBytes: Infinity, kernelBytes: 256 * 1024, loss: 0 };

export interface Wire {
  weather: Weather;
  send(frame: Uint8Array): void;
  /** With a closing handshake. Nothing more is told. */
  close(): void;
  /** Cut: both sides are told that it has ended. */
  cut(): void;
  /** Cut, and the server does not notice: its socket stays open, and nobody reads what it sends. */
  vanish(): void;
}

/** Where wires lead. */
export interface Net {
  readonly clock: Clock;
  readonly random: SeededRandom;
  /** The process that listens; undefined while there is none. */
  readonly process: ServerProcess | undefined;
  /** Sockets of clients that have vanished: how to end them, when the server's kernel notices at last. */
  readonly ghosts: Set<() => void>;
}

/** Things that arrive in the order in which they were handed in, some time later. */
export class Passage {
  readonly #clock: Clock;
  readonly #waiting: { readonly deliver: () => void; timer: Timer }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(latencyMs: number, deliver: () => void): void {
    const timer = this.#clock.after(latencyMs, () => this.#waiting.shift()?.deliver());
    this.#waiting.push({ deliver, timer });
  }

  /** What is under way is lost. */
  clear(): void {
    for (const { timer } of this.#waiting.splice(0)) timer.cancel();
  }
}
