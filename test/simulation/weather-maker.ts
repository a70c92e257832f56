// What networks are like in one simulated world.

import type { SeededRandom } from '../support/seeded-random.js';
import type { Weather } from './wire.js';

export interface Climate {
  /** Clients that stop reading, or read slowly. */
  readonly hasSlowReaders: boolean;
  readonly hasLatency: boolean;
  readonly hasLoss: boolean;
  /** Where the server's own buffer begins to grow soon. */
  readonly hasSmallKernels: boolean;
}

export class WeatherMaker {
  readonly #climate: Climate;

  constructor(climate: Climate) {
    this.#climate = climate;
  }

  pick(random: SeededRandom): Weather {
    const { hasSlowReaders, hasLatency, hasLoss, hasSmallKernels } = this.#climate;
    const isSlow = hasSlowReaders && random.chance(0.5);
    return {
      latencyMs: hasLatency ? random.pick([0, 1, 5, 30, 200]) : 1,
      readBytes: isSlow ? random.pick([0, 0, 20, 100, 500]) : Infinity,
      kernelBytes: hasSmallKernels ? random.pick([0, 100, 1_000]) : 256 * 1024,
      loss: hasLoss ? random.pick([0, 0.05, 0.3]) : 0,
    };
  }

  /** Everything arrives, on time. */
  get fair(): Weather {
    return { latencyMs: 1, readBytes: Infinity, kernelBytes: 256 * 1024, loss: 0 };
  }
}
