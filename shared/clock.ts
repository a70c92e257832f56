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

/** The real clock, in a page as in Node, where its timers do not keep a process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    release(timer);
    return { cancel: () => clearTimeout(timer) };
  },
  every(periodMs, run) {
    const timer = setInterval(run, periodMs);
    release(timer);
    return { cancel: () => clearInterval(timer) };
  },
  soon: typeof setImmediate === 'function' ? (run) => void setImmediate(run) : (run) => void setTimeout(run),
};

/** Keeps the process alive until it is cancelled, which the clock's own timers do not. */
export function keepAwake(): Timer {
  const timer = setInterval(() => {}, 1_000);
  return { cancel: () => clearInterval(timer) };
}

/** A page's timers are numbers, and a page does not end for want of them. */
function release(timer: { unref?(): unknown } | number): void {
  if (typeof timer === 'object') timer.unref?.();
}
