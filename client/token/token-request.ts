// One request for a token: it ends with a token, with an error, when it takes too long, or when it is given up.

import type { Clock, Timer } from '../../shared/clock.js';

/** A request that takes longer is given up, ms. */
const requestMs = 30_000;

export class TokenRequest {
  readonly token: Promise<string>;
  readonly #abort = new AbortController();
  readonly #timer: Timer;

  /** `run` is to end as soon as its signal aborts; nobody waits for it any longer. */
  constructor(clock: Clock, run: (signal: AbortSignal) => Promise<string>) {
    const { signal } = this.#abort;
    this.#timer = clock.after(requestMs, () =>
      this.cancel(new Error(`no token was given within ${requestMs / 1000} s`)),
    );
    this.token = unlessAborted(run(signal), signal).finally(() => this.#timer.cancel());
  }

  cancel(error: Error): void {
    this.#timer.cancel();
    this.#abort.abort(error);
  }
}

/** Rejects with the signal's reason if that aborts first. */
export async function unlessAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', stop);
  });
  try {
    if (signal.aborted) stop();
    return await Promise.race([result, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** A token, and until when it counts. */
export interface GivenToken {
  readonly token: string;
  /** Ms since the epoch; the token is replaced before. Undefined: as the token says, or the server. */
  readonly expiresAt?: number | undefined;
}

/** What the application's function gives, as long as somebody waits for it; the token '' for nothing. */
export async function tokenFrom(ask: () => unknown, signal: AbortSignal): Promise<GivenToken> {
  const answer = (await unlessAborted(Promise.resolve().then(ask), signal)) ?? '';
  const { token, expiresAt } =
    typeof answer === 'object' ? (answer as Partial<GivenToken>) : { token: answer };
  // Seconds would be in 1970.
  if (typeof token !== 'string' || (expiresAt !== undefined && !(expiresAt > 1e11)))
    throw new TypeError('the token is to be a string, its end in ms');
  return { token, expiresAt };
}

/** Resolves after that time, or when the signal aborts. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.after(ms, end);
    signal.addEventListener('abort', end);
  });
}
