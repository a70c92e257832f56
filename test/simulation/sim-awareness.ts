// The awareness of a client, as y-protocols has it, on the world's clock: who is here, renewed every 15 s, forgotten after 30.

import * as awarenessProtocol from 'y-protocols/awareness';
import type * as Y from 'yjs';
import type { Clock, Timer } from '../../shared/clock.js';

const outdatedMs = 30_000;
const lookEveryMs = 3_000;

export class SimAwareness {
  readonly awareness: awarenessProtocol.Awareness;
  readonly #clock: Clock;
  readonly #timer: Timer;
  readonly #heardAt = new Map<number, number>();
  #renewedAt: number;

  /** `tell` is called with what a stock client tells of a change, also of a change that it has heard of; and whose it was. */
  constructor(
    clock: Clock,
    doc: Y.Doc,
    isPresent: boolean,
    tell: (update: Uint8Array, isOwn: boolean) => void,
  ) {
    this.#clock = clock;
    this.#renewedAt = clock.monotonic();
    this.awareness = new awarenessProtocol.Awareness(doc);
    // It runs on real time.
    clearInterval(this.awareness._checkInterval);
    if (!isPresent) this.awareness.setLocalState(null);
    this.awareness.on('update', ({ added, updated, removed }: Record<string, number[]>) => {
      const now = clock.monotonic();
      for (const id of [...added!, ...updated!]) this.#heardAt.set(id, now);
      const ids = [...added!, ...updated!, ...removed!];
      tell(this.encode(ids), ids.includes(this.awareness.clientID));
    });
    this.#timer = clock.every(lookEveryMs, () => this.#look());
  }

  get id(): number {
    return this.awareness.clientID;
  }

  get isPresent(): boolean {
    return this.awareness.getLocalState() !== null;
  }

  /** Ids of others. */
  get others(): ReadonlySet<number> {
    const ids = new Set(this.awareness.getStates().keys());
    ids.delete(this.awareness.clientID);
    return ids;
  }

  move(state: Record<string, unknown> | null): void {
    this.#renewedAt = this.#clock.monotonic();
    this.awareness.setLocalState(state);
  }

  encode(ids: readonly number[]): Uint8Array {
    return awarenessProtocol.encodeAwarenessUpdate(this.awareness, [...ids]);
  }

  own(): Uint8Array {
    return this.encode([this.awareness.clientID]);
  }

  all(): Uint8Array {
    return this.encode([...this.awareness.getStates().keys()]);
  }

  /** Says that it has gone, while it knows of itself what it knew. */
  goodbye(): Uint8Array {
    return awarenessProtocol.encodeAwarenessUpdate(this.awareness, [this.id], new Map());
  }

  apply(update: Uint8Array): void {
    awarenessProtocol.applyAwarenessUpdate(this.awareness, update, this);
  }

  /** The connection is lost: nothing is known of the others. */
  forgetOthers(): void {
    awarenessProtocol.removeAwarenessStates(this.awareness, [...this.others], this);
  }

  end(): void {
    this.#timer.cancel();
    this.awareness._observers.clear();
  }

  #look(): void {
    const now = this.#clock.monotonic();
    const state = this.awareness.getLocalState();
    if (state !== null && now - this.#renewedAt >= outdatedMs / 2) this.move(state);
    const outdated = [...this.others].filter((id) => now - (this.#heardAt.get(id) ?? 0) >= outdatedMs);
    if (outdated.length > 0) awarenessProtocol.removeAwarenessStates(this.awareness, outdated, 'timeout');
  }
}
