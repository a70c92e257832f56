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
  /** Called with the change before it is offered to the document, and waited for. */
  readonly computed?: (update: Uint8Array) => Promise<void>;
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
      const orders = this.#waiting.get(document)?.splice(0, mostAtOnce) ?? [];
      if (orders.length === 0) break;
      try {
        await this.#visit(document, (room) => this.#make(document, room, orders));
      } catch (error) {
        for (const order of orders) order.reject(toSyncError(error));
      }
    }
    this.#waiting.delete(document);
  }

  async #make(document: DocumentName, room: Room<F>, orders: readonly Waiting[]): Promise<void> {
    const { worker, gc, clock } = this.#deps;
    const updates = await worker.operate(document, {
      updates: room.content.all(),
      gc,
      batches: orders.map(({ operations }) => ({ operations, clientId: randomUint32() })),
      now: clock.now(),
    });
    const taken: Waiting[] = [];
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
      }
    }
    await room.progress.settled();
    for (const order of taken) order.resolve();
  }

  /** The room stays open meanwhile. */
  async #visit(document: DocumentName, use: (room: Room<F>) => Promise<void>): Promise<void> {
    const { registry } = this.#deps;
    const room = await registry.open(document);
    const visitor = serverWriter();
    room.join(visitor);
    registry.used(room);
    try {
      await use(room);
    } finally {
      room.leave(visitor);
      registry.released(room);
    }
  }
}

async function accept<F extends Fanout>(room: Room<F>, update: Uint8Array, writer: Writer): Promise<void> {
  const { isIncomplete } = await room.accept(update, writer, true);
  if (isIncomplete) throw new SyncError('UPDATE_INCOMPLETE', 'the change depends on something missing');
}
