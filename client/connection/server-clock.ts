// The server's clock, as far as the client can know it: from round trips, of which the shortest errs least (as NTP's clock
// filter chooses, RFC 5905 section 10).

/** Round trips that are remembered. */
const kept = 8;
/** Two clocks drift apart by less than this in the time for which round trips are remembered, ms. */
const driftMs = 50;
/** A shorter round trip tells enough, ms. */
const shortMs = 100;
/** So many round trips are looked at before a longer one is enough. */
const enough = 4;

interface Sample {
  readonly roundTripMs: number;
  readonly offsetMs: number;
}

export class ServerClock {
  #samples: readonly Sample[] = [];

  /** A message left at `sentAt` and its answer came at `heardAt`, by our clock; in between it was `serverTime`. All ms. */
  add(sentAt: number, serverTime: number, heardAt: number): void {
    const roundTripMs = heardAt - sentAt;
    // A clock that was set back meanwhile tells nothing.
    if (roundTripMs < 0) return;
    const sample = { roundTripMs, offsetMs: serverTime - (sentAt + heardAt) / 2 };
    // Where one contradicts it, a clock was set after that one, and so after those before it.
    const agreeing = this.#samples.map((before) => agree(before, sample));
    this.#samples = [...this.#samples.slice(agreeing.lastIndexOf(false) + 1), sample].slice(-kept);
  }

  /** What to add to our time to get the server's, ms; 0 as long as nothing is known. Right within half the shortest round trip. */
  get offsetMs(): number {
    return this.#best?.offsetMs ?? 0;
  }

  /** Another round trip would tell more, as all so far took long. */
  get isVague(): boolean {
    return this.#samples.length < enough && (this.#best?.roundTripMs ?? Infinity) > shortMs;
  }

  get #best(): Sample | undefined {
    const [first, ...others] = this.#samples;
    if (first === undefined) return undefined;
    return others.reduce((best, one) => (one.roundTripMs < best.roundTripMs ? one : best), first);
  }
}

/** Each is right within half its round trip. If both cannot be, one of the clocks was set between them. */
function agree(before: Sample, now: Sample): boolean {
  const mayDiffer = (before.roundTripMs + now.roundTripMs) / 2 + driftMs;
  return Math.abs(before.offsetMs - now.offsetMs) <= mayDiffer;
}
