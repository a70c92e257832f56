// Randomness that can be repeated: everything random in a test comes from one seed, and the seed is in its name.

/** A seeded source of randomness (xorshift128): the same seed, the same numbers. */
export class SeededRandom {
  readonly seed: number;
  readonly #state = new Uint32Array(4);

  constructor(seed: number) {
    this.seed = seed >>> 0;
    // Spreads the seed over the state (splitmix32), which must not be all zeros.
    let mixed = this.seed;
    for (let i = 0; i < 4; i++) {
      mixed = (mixed + 0x9e3779b9) | 0;
      let word = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
      word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
      this.#state[i] = (word ^ (word >>> 15)) | (i === 0 ? 1 : 0);
    }
  }

  /** 32 random bits. */
  uint32(): number {
    const state = this.#state;
    let mixed = state[3]!;
    const first = state[0]!;
    state.copyWithin(1, 0, 3);
    mixed ^= mixed << 11;
    mixed ^= mixed >>> 8;
    state[0] = mixed ^ first ^ (first >>> 19);
    return state[0];
  }

  /** In [0, limit). */
  int(limit: number): number {
    return Math.floor((this.uint32() / 4294967296) * limit);
  }

  chance(probability: number): boolean {
    return this.uint32() / 4294967296 < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.int(items.length)] as T;
  }

  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j] as T, shuffled[i] as T];
    }
    return shuffled;
  }

  /** Randomness of its own, told by a number: the same number, the same randomness, whatever was drawn here before. */
  fork(number: number): SeededRandom {
    return new SeededRandom(
      Math.imul(this.seed ^ 0x5bd1e995, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b),
    );
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.int(256));
  }
}

/** HEDDLE_SEED if it is set, to replay a failure; else a new one. */
export function chooseSeed(): number {
  const given = process.env['HEDDLE_SEED'];
  if (given !== undefined && given !== '') return Number(given) >>> 0;
  return Math.floor(Math.random() * 0xffffffff);
}

/** Runs `run` with a source of this seed; what it throws says how to replay it. */
export async function withSeed<T>(seed: number, run: (random: SeededRandom) => Promise<T> | T): Promise<T> {
  try {
    return await run(new SeededRandom(seed));
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error));
    failure.message = `seed ${seed} (replay with HEDDLE_SEED=${seed}): ${failure.message}`;
    throw failure;
  }
}
