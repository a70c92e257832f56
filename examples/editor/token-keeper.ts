// Holds the access token of one document and replaces it before it expires. Knows no sockets.

import type { DemoToken } from './demo-api.js';

// Renewed this long before the end, and not more often than this, whatever the clocks say.
const earlyMs = 60_000;
const leastPauseMs = 20_000;

/** The token in use; `renewed` is called with every new one. */
export class TokenKeeper {
  readonly #request: (signal: AbortSignal) => Promise<DemoToken>;
  readonly #renewed: (token: string) => void;
  #token: DemoToken | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(request: (signal: AbortSignal) => Promise<DemoToken>, renewed: (token: string) => void) {
    this.#request = request;
    this.#renewed = renewed;
  }

  /** Makes sure that the token in use is good for a while. Throws what the request throws. */
  async ensure(signal: AbortSignal): Promise<void> {
    if (this.#token !== undefined && this.#token.expiresAt - Date.now() > leastPauseMs)
      this.#renewLater(signal);
    else await this.renew(signal);
  }

  /** Fetches a new token now, and again before that one ends, until `signal` aborts. */
  async renew(signal: AbortSignal): Promise<void> {
    const token = await this.#request(signal);
    if (signal.aborted) return;
    this.#token = token;
    this.#renewed(token.token);
    this.#renewLater(signal);
  }

  #renewLater(signal: AbortSignal): void {
    clearTimeout(this.#timer);
    const pauseMs = Math.max((this.#token?.expiresAt ?? 0) - Date.now() - earlyMs, leastPauseMs);
    this.#timer = setTimeout(() => {
      // Out of reach: tried again until it works. If the token ends meanwhile, the server says so and the connection asks.
      this.renew(signal).catch(() => (signal.aborted ? undefined : this.#renewLater(signal)));
    }, pauseMs);
    signal.addEventListener('abort', () => clearTimeout(this.#timer), { once: true });
  }
}
