// What is durable in a simulated world: it outlives every server. Knows of each document which clocks are stored, up to
// which offset, so that an acknowledgement or a cursor can be held against it.

import * as Y from 'yjs';
import { createMemoryStore } from '../../server/store/memory-store.js';
import { ownRunsPrefix, type Append, type AppendOutcome } from '../../server/store/store.js';
import type { DocumentName } from '../../shared/document-name.js';

/** The clock up to which a record brings each client id. */
type Ends = ReadonlyMap<number, number>;

interface Stored {
  readonly clocks: Map<number, number>;
  /** Of each offset, from 1 on. */
  readonly ends: Ends[];
}

const nothing: Ends = new Map();

export class Disk {
  readonly kept = createMemoryStore();
  /** It says that it has stored what it has not: only to see that this is found out. */
  forgets = false;
  /** Documents whose stored bytes are damaged: neither read nor written until an operator has mended them. */
  readonly damaged = new Set<DocumentName>();
  readonly #documents = new Map<DocumentName, Stored>();
  #epochs = 0;

  /** A server has been here, and has come to its end. */
  constructor() {
    void this.kept.setState(`${ownRunsPrefix}owners`, Uint8Array.of(0, 0));
  }

  newEpoch(): string {
    return `epoch-${++this.#epochs}`;
  }

  /** Stores what continues what is stored. */
  async append(batch: readonly Append[]): Promise<readonly AppendOutcome[]> {
    if (this.forgets)
      return batch.map(({ epoch = '', records }) => ({
        kind: 'stored',
        epoch,
        lastOffset: records.at(-1)?.offset ?? 0,
      }));
    const outcomes = await this.kept.append(batch);
    for (const [i, { document, records }] of batch.entries()) {
      if (outcomes[i]?.kind !== 'stored') continue;
      const { clocks, ends } = this.#of(document);
      for (const { offset, update } of records) {
        // It may be appended again, when its first answer was lost.
        if (offset <= ends.length) continue;
        const { to } = Y.parseUpdateMeta(update);
        ends.push(to);
        for (const [client, clock] of to) clocks.set(client, Math.max(clock, clocks.get(client) ?? 0));
      }
    }
    return outcomes;
  }

  /** Whether all that this update adds is durable. */
  holds(document: DocumentName, update: Uint8Array): boolean {
    const { clocks } = this.#of(document);
    return Y.decodeUpdate(update).structs.every(
      (struct) =>
        struct instanceof Y.Skip || (clocks.get(struct.id.client) ?? 0) >= struct.id.clock + struct.length,
    );
  }

  clockOf(document: DocumentName, client: number): number {
    return this.#of(document).clocks.get(client) ?? 0;
  }

  clocksOf(document: DocumentName): [client: number, clock: number][] {
    return [...this.#of(document).clocks];
  }

  /** Offset of the last durable record. */
  lastOffset(document: DocumentName): number {
    return this.#of(document).ends.length;
  }

  /** What the record at an offset brings. */
  endsAt(document: DocumentName, offset: number): Ends {
    return this.#of(document).ends[offset - 1] ?? nothing;
  }

  /** Every document that was ever written. */
  get documents(): DocumentName[] {
    return [...this.#documents.keys()];
  }

  /** The updates a document is made of: its checkpoint, then its records. */
  async updatesOf(document: DocumentName): Promise<Uint8Array[]> {
    const stored = await this.kept.load(document);
    const records = (stored?.records ?? []).map(({ update }) => update);
    return stored?.checkpoint === undefined ? records : [stored.checkpoint.update, ...records];
  }

  #of(document: DocumentName): Stored {
    let stored = this.#documents.get(document);
    if (stored === undefined) {
      stored = { clocks: new Map(), ends: [] };
      this.#documents.set(document, stored);
    }
    return stored;
  }
}
