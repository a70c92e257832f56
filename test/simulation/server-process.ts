// One server process of a simulated world: the whole server from the transport port up, put together as all tests in memory
// put it together, on the world's clock and disk. It ends by a crash or by an orderly stop.

import { shutDown } from '../../server/shut-down.js';
import { SyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import type { DocumentName } from '../../shared/document-name.js';
import { createHttpSessionServer, type HttpSessionServer } from '../support/http-session-server.js';
import type { SeededRandom } from '../support/seeded-random.js';
import type { Bounds } from './bounds.js';
import type { Disk } from './disk.js';
import type { People } from './people.js';
import { ProcessClock } from './process-clock.js';
import { ProcessStore, type DiskMood } from './process-store.js';
import { SlowWorker } from './slow-worker.js';
import type { Timeline } from './timeline.js';

/** Thrown by a hook of the embedder, whose fault it is. */
export class HookError extends Error {}

export interface ServerProcessDeps {
  readonly timeline: Timeline;
  readonly disk: Disk;
  readonly bounds: Bounds;
  readonly mood: DiskMood;
  readonly people: People;
  readonly random: SeededRandom;
  readonly limits: Partial<Limits>;
  readonly gc: boolean;
  /** What the embedder's onLoad hook returns. */
  readonly loaded: (document: DocumentName, isNew: boolean) => Promise<Uint8Array | undefined>;
  /** The longest that the document worker takes, ms. */
  readonly slowestMergeMs: number;
  /** The store may write some time later what it has not answered for. */
  readonly hasLateWrites: boolean;
}

export class ServerProcess {
  readonly clock: ProcessClock;
  readonly store: ProcessStore;
  readonly server: HttpSessionServer;
  #state: 'up' | 'stopping' | 'gone' = 'up';
  readonly #timeline: Timeline;
  #readLines = 0;

  constructor(deps: ServerProcessDeps) {
    const { timeline, disk, bounds, mood, people, random, limits, gc, loaded, slowestMergeMs } = deps;
    const { hasLateWrites } = deps;
    this.#timeline = timeline;
    const clock = new ProcessClock(timeline.clock);
    this.clock = clock;
    this.store = new ProcessStore({ disk, bounds, clock, timeline, random, mood, hasLateWrites });
    this.server = createHttpSessionServer({
      clock,
      limits,
      gateway: { authenticator: people },
      registry: {
        store: this.store,
        worker: new SlowWorker({ clock, random, slowestMs: slowestMergeMs }),
        gc,
        loaded,
        failed: (error) => this.#fail(error),
      },
    });
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  /** Whether clients still reach it. */
  get isThere(): boolean {
    return this.#state !== 'gone';
  }

  /** The process is gone between two instructions. Its sockets end without a word. */
  async crash(): Promise<void> {
    this.#timeline.log('the server crashes');
    this.#state = 'gone';
    this.clock.kill();
    this.server.transport.close();
    await this.store.crash();
  }

  /** As by SIGTERM (O3). */
  async stop(): Promise<void> {
    this.#timeline.log('the server is asked to stop');
    this.#state = 'stopping';
    const { longPoll } = this.server;
    const changes = { close: async () => {} };
    const [devices, rosters] = [changes, changes];
    const parts = { ...this.server, changes, devices, rosters, store: this.store };
    await shutDown(parts, this.clock).catch((error: unknown) =>
      this.#timeline.log(`the server could not stop as it should: ${String(error)}`),
    );
    longPoll.close();
    this.#state = 'gone';
    this.#timeline.log('the server has stopped');
  }

  /** O1: what the server wrote to its log since the last look must not tell of a fault of its own. */
  look(): void {
    const { log } = this.server;
    for (; this.#readLines < log.length; this.#readLines++) {
      const { level, fields, message } = log[this.#readLines]!;
      if (level !== 'error') continue;
      const { err } = fields;
      // A hook that throws, or returns what cannot be taken, is the embedder's fault.
      if (err instanceof HookError || err instanceof SyncError) continue;
      const cause = err instanceof Error ? `${err.message} ${String(err.cause ?? '')}` : String(err ?? '');
      this.#timeline.log(`server: ${message} ${String(fields['code'] ?? '')} ${cause}`);
      if (fields['code'] === 'INTERNAL' || message.includes('thrown'))
        this.#timeline.violate(
          'O1',
          `the server has failed: ${err instanceof Error ? (err.stack ?? cause) : cause}`,
        );
    }
  }

  /** O1: only a store that has failed for good ends a server. */
  #fail(error: unknown): void {
    const { gateway, sessions } = this.server;
    if (!this.store.hasFailed)
      this.#timeline.violate('O1', `the server stops, but the store works: ${String(error)}`);
    gateway.stopAdmission();
    sessions.refuseAll(new SyncError('STORE_UNAVAILABLE'));
  }
}
