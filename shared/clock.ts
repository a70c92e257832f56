// Time, as everything else sees it. The only place that may touch Date.now, performance.now and timers.

/** A running timer. */
export interface Timer {
  cancel(): void;
}

/** Wall time, monotonic time and timers, injected so that tests can own them. All in milliseconds. */
export interface Clock {
  /** Wall time since the epoch. For tokens and records; never for order. */
  now(): number;
  /** Time that never jumps. For timeouts and ages. */
  monotonic(): number;
  after(delayMs: number, run: () => void): Timer;
  every(periodMs: number, run: () => void): Timer;
  /** After what the current turn of the event loop still brings: joins what arrives together. Not cancellable. */
  soon(run: () => void): void;
}

/** The real clock. Its timers do not keep a process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  every(periodMs, run) {
    const timer = setInterval(run, periodMs);
    timer.unref();
    return { cancel: () => clearInterval(timer) };
  },
  soon(run) {
    setImmediate(run);
  },
};
