// The server's clock, as far as the client can know it: from round trips, of which the shortest errs least (as NTP's clock
// filter chooses, RFC 5905 section 10).

/** Round trips that are remembered. */
const kept = 8;

interface Sample {
  readonly roundTripMs: number;
  readonly offsetMs: number;
}

export class ServerClock {
  #samples: Sample[] = [];

  /** A message left at `sentAt` and its answer came at `heardAt`, by our clock; in between it was `serverTime`. All ms. */
  add(sentAt: number, serverTime: number, heardAt: number): void {
    const roundTripMs = heardAt - sentAt;
    // A clock that was set back meanwhile tells nothing.
    if (roundTripMs < 0) return;
    this.#samples = [...this.#samples, { roundTripMs, offsetMs: serverTime - (sentAt + heardAt) / 2 }].slice(
      -kept,
    );
  }

  /** What to add to our time to get the server's, ms; 0 as long as nothing is known. */
  get offsetMs(): number {
    const [first, ...others] = this.#samples;
    if (first === undefined) return 0;
    return others.reduce((best, one) => (one.roundTripMs < best.roundTripMs ? one : best), first).offsetMs;
  }
}
