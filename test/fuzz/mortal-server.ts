// A server whose process dies and is started again: what the store had is there, what was on its way to it is lost, or
// is not.

import * as Y from 'yjs';
import { createMemoryStore } from '../../server/store/memory-store.js';
import type { Limits } from '../../shared/limits.js';
import { ControlledStore } from '../support/controlled-store.js';
import { createFakeClock, type FakeClock } from '../support/fake-clock.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { createSessionServer, type SessionServer } from '../support/session-server.js';

export const documentName = 'doc' as never;

/** The store as one process sees it. */
class ProcessStore extends ControlledStore {
  override readonly kept: ReturnType<typeof createMemoryStore>;

  constructor(kept: ReturnType<typeof createMemoryStore>) {
    super();
    this.kept = kept;
  }

  /** Nothing is asked of it any more; what it was asked for is done or not. */
  abandon(isDone: boolean): void {
    this.delay = () => new Promise(() => {});
    if (isDone) this.release('append');
  }
}

export class MortalServer {
  readonly #clock: FakeClock;
  readonly #limits: Partial<Limits>;
  readonly #users: readonly string[];
  readonly #kept = createMemoryStore();
  #store: ProcessStore | undefined;
  #server: SessionServer | undefined;
  crashes = 0;
  checkpoints = 0;

  /** `users`: tokens that may write. The token `nobody` may not read. */
  constructor(clock: FakeClock, limits: Partial<Limits>, users: readonly string[]) {
    this.#clock = clock;
    this.#limits = limits;
    this.#users = users;
    this.start();
  }

  get isUp(): boolean {
    return this.#server !== undefined;
  }

  get process(): SessionServer {
    if (this.#server === undefined) throw new Error('the server is down');
    return this.#server;
  }

  start(): void {
    if (this.#server !== undefined) return;
    this.#store = new ProcessStore(this.#kept);
    const clock = createFakeClock(this.#clock.now());
    this.#server = createSessionServer({
      store: this.#store,
      limits: this.#limits,
      clock,
      gateway: { identity: { server: 'server', run: `run ${this.crashes}` } },
    });
    this.#server.bearers.byToken.set('nobody', { sub: 'nobody', access: 'none' });
    for (const user of this.#users) this.#server.bearers.byToken.set(user, { sub: user, access: 'write' });
  }

  crash(random: SeededRandom): void {
    if (this.#server === undefined) return;
    this.crashes++;
    this.#store?.abandon(random.chance(0.5));
    this.#server.transport.close();
    this.#server = undefined;
  }

  /** Appends wait from now on. */
  hold(): void {
    this.#store?.hold('append');
  }

  release(): void {
    this.#store?.release('append');
  }

  async checkpoint(): Promise<void> {
    if (this.#server === undefined) return;
    this.release();
    const { registry } = this.#server;
    const room = await registry.open(documentName);
    // It may take as long as the store does.
    void registry.checkpoint(room).then(
      () => this.checkpoints++,
      () => {},
    );
  }

  advance(ms: number): void {
    this.#server?.clock.advance(ms);
  }

  async settle(): Promise<void> {
    await this.#server?.settle();
  }

  /** What would be there after a crash now. */
  async stored(): Promise<Y.Doc> {
    const doc = new Y.Doc();
    const found = await this.#kept.load(documentName);
    if (found?.checkpoint !== undefined) Y.applyUpdate(doc, found.checkpoint.update);
    for (const { update } of found?.records ?? []) Y.applyUpdate(doc, update);
    return doc;
  }

  /** What the server has taken, stored or not yet. */
  async taken(): Promise<Y.Doc> {
    const doc = await this.stored();
    const room = await this.#server?.registry.open(documentName);
    for (const update of room?.content.all() ?? []) Y.applyUpdate(doc, update);
    return doc;
  }

  /** Rejects when something in the process has failed. */
  async close(): Promise<void> {
    const failures = this.#server?.failures ?? [];
    await this.#server?.close();
    if (failures.length > 0) throw new Error('the server has failed', { cause: failures[0] });
  }
}
