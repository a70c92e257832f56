// Makes the changes that clients have asked the server for. What many ask for in one document at once is made together: building
// a document costs as much for one change as for a hundred.

import type { Clock } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import { SyncError, toSyncError } from '../../shared/errors.js';
import type { Operation } from '../../shared/operation.js';
import { randomUint32 } from '../../shared/random.js';
import type { DocumentWorker } from './document-worker.js';
import type { RoomRegistry } from './room-registry.js';
import type { Room } from './room.js';
import { serverWriter, type Fanout, type Writer } from './writer.js';

export interface OperationDeps<F extends Fanout> {
  readonly registry: RoomRegistry<F>;
  readonly worker: DocumentWorker;
  readonly clock: Clock;
  /** Whether deleted content may be dropped. */
  readonly gc: boolean;
}

/** What somebody asks for. */
export interface OperationOrder {
  readonly operations: readonly Operation[];
  /** `sub` of who asks; the change is logged as this user's. */
  readonly author: string | undefined;
  /** Called with the change before it is offered to the document, and waited for. What it rejects with ends the order. */
  readonly computed?: (update: Uint8Array) => Promise<void>;
  /** Whether anybody still waits for it. Default: yes. */
  readonly isWanted?: () => boolean;
}

interface Waiting extends OperationOrder {
  resolve(): void;
  reject(error: unknown): void;
}

/** More are made in a second go, so that those that wait see an end. */
const mostAtOnce = 100;

export class OperationRunner<F extends Fanout> {
  readonly #deps: OperationDeps<F>;
  /** Orders by document. A document is here while somebody works on it. */
  readonly #waiting = new Map<DocumentName, Waiting[]>();

  constructor(deps: OperationDeps<F>) {
    this.#deps = deps;
  }

  /**
   * Makes the operations as one change. Resolves when it is durable, or when there is nothing to change. Rejects with SyncError, as
   * `Room.accept` and the worker do.
   */
  run(document: DocumentName, order: OperationOrder): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(document);
      const one = { ...order, resolve, reject };
      if (waiting !== undefined) return void waiting.push(one);
      this.#waiting.set(document, [one]);
      void this.#work(document);
    });
  }

  /** Offers a change that `computed` was given in an earlier run of the server. What the document has of it counts as done. */
  async offer(document: DocumentName, update: Uint8Array, author: string | undefined): Promise<void> {
    await this.#visit(document, async (room) => {
      await accept(room, update, { ...serverWriter(), sub: author });
      await room.progress.settled();
    });
  }

  /** Never rejects. */
  async #work(document: DocumentName): Promise<void> {
    for (;;) {
      const waiting = this.#waiting.get(document) ?? [];
      const orders = waiting.splice(0, mostAtOnce).filter(isStillWanted);
      if (orders.length === 0 && waiting.length === 0) break;
      try {
        const rest = await this.#visit(document, (room) => this.#make(document, room, orders));
        waiting.unshift(...rest);
      } catch (error) {
        for (const order of orders) order.reject(toSyncError(error));
      }
    }
    this.#waiting.delete(document);
  }

  /**
   * Returns those that are to be made anew: the changes are computed one on top of the other, so what comes after one that was not
   * taken may rest on it.
   */
  async #make(
    document: DocumentName,
    room: Room<F>,
    orders: readonly Waiting[],
  ): Promise<readonly Waiting[]> {
    const { worker, gc, clock } = this.#deps;
    // A change must not rest on what the server may lose before it has stored the change.
    await room.progress.settled();
    const updates = await worker.operate(document, {
      updates: room.content.all(),
      gc,
      batches: orders.map(({ operations }) => ({ operations, clientId: randomUint32() })),
      now: clock.now(),
    });
    const taken: Waiting[] = [];
    let rest: readonly Waiting[] = [];
    for (const [at, order] of orders.entries()) {
      try {
        const update = updates[at];
        if (update !== undefined) {
          await order.computed?.(update);
          await accept(room, update, { ...serverWriter(), sub: order.author });
        }
        taken.push(order);
      } catch (error) {
        order.reject(toSyncError(error));
        rest = orders.slice(at + 1);
        break;
      }
    }
    await room.progress.settled();
    for (const order of taken) order.resolve();
    return rest;
  }

  /** The room stays open meanwhile. */
  async #visit<T>(document: DocumentName, use: (room: Room<F>) => Promise<T>): Promise<T> {
    const { registry } = this.#deps;
    const room = await registry.open(document);
    const visitor = serverWriter();
    room.join(visitor);
    registry.used(room);
    try {
      return await use(room);
    } finally {
      room.leave(visitor);
      registry.released(room);
    }
  }
}

function isStillWanted(order: Waiting): boolean {
  if (order.isWanted?.() !== false) return true;
  order.reject(new SyncError('CALL_FAILED', 'nobody waits for it any more'));
  return false;
}

async function accept<F extends Fanout>(room: Room<F>, update: Uint8Array, writer: Writer): Promise<void> {
  const { isIncomplete } = await room.accept(update, writer, true);
  if (isIncomplete) throw new SyncError('UPDATE_INCOMPLETE', 'the change depends on something missing');
}
