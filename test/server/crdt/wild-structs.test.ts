// Well-formed structs that no honest client would write: any content in any place, between any neighbours, and any of it deleted.
// What the causal index takes of them must do no harm in Yjs, however long afterwards.

import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { SyncError } from '../../../shared/errors.js';
import { defaultLimits } from '../../../shared/limits.js';
import { CausalIndex } from '../../../server/crdt/causal-index.js';
import { Random } from '../../support/histories.js';
import { bytesOf, item, raw, update } from './hostile-updates.js';

type Id = readonly [client: number, clock: number];

const roots = ['map', 'list', 'text'];
const keys = ['k', 'l'];
const clients = [11, 22, 33];

interface Struct {
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** Writes structs and deletions of some clients, each update of one of them. */
class WildWriter {
  readonly #random: Random;
  readonly #clocks = new Map(clients.map((client) => [client, 0]));
  readonly #types: Id[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** `wasTaken` is told by `settle`. */
  write(): { readonly update: Uint8Array; readonly settle: () => void } {
    const random = this.#random;
    const client = random.pick(clients);
    const clock = this.#clocks.get(client)!;
    const structs: Uint8Array[] = [];
    const types: Id[] = [];
    let next = clock;
    for (let count = random.int(4); count > 0; count--) {
      const isType = random.chance(0.25);
      const struct = isType ? this.#type() : this.#content();
      if (isType) types.push([client, next]);
      structs.push(struct.bytes);
      next += struct.length;
    }
    // Some of what the update brings, and some of what was there.
    const deletes = clients.flatMap((each) => {
      const end = each === client ? next : this.#clocks.get(each)!;
      if (end === 0 || !random.chance(0.4)) return [];
      const at = random.int(end);
      return [[each, [at, 1 + random.int(Math.min(3, end - at))]] as const];
    });
    return {
      update: update(structs.length > 0 ? [[client, clock, structs]] : [], deletes),
      settle: () => {
        this.#clocks.set(client, next);
        this.#types.push(...types);
      },
    };
  }

  #type(): Struct {
    return { bytes: item(7, this.#place(), this.#random.pick([0, 1, 2])), length: 1 };
  }

  #content(): Struct {
    const random = this.#random;
    const length = 1 + random.int(4);
    const place = this.#place();
    const kind = random.int(6);
    if (kind === 0) return { bytes: item(4, place, 'x'.repeat(length)), length };
    if (kind === 1) return { bytes: item(1, place, length), length };
    if (kind === 2) return { bytes: item(3, place, 1, raw(7)), length: 1 };
    if (kind === 3) return { bytes: item(6, place, 'bold', 'true'), length: 1 };
    if (kind === 4) return { bytes: item(2, place, length, ...Array(length).fill('1')), length };
    const values = Array.from({ length }, () => raw(125, random.int(60)));
    return { bytes: item(8, place, length, bytesOf(...values)), length };
  }

  #place(): Parameters<typeof item>[1] {
    const random = this.#random;
    const sub = random.chance(0.5) ? { sub: random.pick(keys) } : {};
    const choice = random.int(6);
    if (choice === 0) return { root: random.pick(roots), ...sub };
    if (choice === 1 && this.#types.length > 0) return { parent: random.pick(this.#types), ...sub };
    const origin = this.#id();
    const right = this.#id();
    if (origin === undefined || right === undefined) return { root: random.pick(roots), ...sub };
    if (choice < 4) return { origin };
    return choice === 4 ? { right } : { origin, right };
  }

  #id(): Id | undefined {
    const known = clients.filter((client) => this.#clocks.get(client)! > 0);
    if (known.length === 0) return undefined;
    const client = this.#random.pick(known);
    return [client, this.#random.int(this.#clocks.get(client)!)];
  }

  /** Deletions of one known type each, in any order. */
  deletions(): Uint8Array[] {
    return this.#random.shuffle(this.#types).map(([client, clock]) => update([], [[client, [clock, 1]]]));
  }
}

/** What is taken of an update; undefined if nothing. */
function takenOf(index: CausalIndex, bytes: Uint8Array): Uint8Array | undefined {
  try {
    const verdict = index.judge(bytes);
    if (verdict.outcome !== 'new') return undefined;
    index.apply(verdict);
    return verdict.update;
  } catch (error) {
    if (error instanceof SyncError) return undefined;
    throw error;
  }
}

describe('structs that no honest client writes', () => {
  const first = Number(process.env.FIRST_SEED ?? 1);
  const seeds = Array.from({ length: Number(process.env.SEEDS ?? 200) }, (_, i) => first + i);

  it.each(seeds)('C2, C12: what is taken of them does no harm in Yjs (seed %i)', (seed) => {
    const random = new Random(seed);
    const writer = new WildWriter(random);
    const index = new CausalIndex(defaultLimits);
    const live = new Y.Doc();
    const keeping = new Y.Doc({ gc: false });
    const log: Uint8Array[] = [];
    const take = (bytes: Uint8Array): boolean => {
      const taken = takenOf(index, bytes);
      if (taken === undefined) return false;
      log.push(taken);
      for (const doc of [live, keeping]) Y.applyUpdate(doc, taken);
      return true;
    };
    for (let step = 0; step < 25; step++) {
      const { update: bytes, settle } = writer.write();
      if (take(bytes)) settle();
    }
    for (const bytes of writer.deletions()) take(bytes);
    expect(log.length).toBeGreaterThan(3);
    // Who reads it all at once, and who reads what another wrote down.
    const late = new Y.Doc();
    Y.applyUpdate(late, Y.mergeUpdates(log));
    for (const doc of [live, keeping, late]) {
      expect([doc.store.pendingStructs, doc.store.pendingDs]).toEqual([null, null]);
      expect(Y.encodeStateVector(doc)).toEqual(Y.encodeStateVector(live));
      Y.applyUpdate(new Y.Doc(), Y.encodeStateAsUpdate(doc));
    }
  });
});
