// The table of client ids, which hashes them once there are more than a few.

import { expect, it } from 'vitest';
import { ClientTable } from '../../../server/crdt/client-table.js';
import { boundaryClientIds, wideClientId } from '../../support/client-ids.js';
import { chooseSeed, withSeed } from '../../support/seeded-random.js';

it('C8: finds each client id of 32 and of 53 bits, and no other', () =>
  withSeed(chooseSeed(), (random) => {
    const table = new ClientTable();
    const slots = new Map<number, number>();
    const add = (id: number): void => {
      if (slots.has(id)) return;
      slots.set(id, table.add(id));
    };
    for (const id of boundaryClientIds) add(id);
    for (let i = 0; i < 3_000; i++) {
      const id = wideClientId(random.uint32());
      add(id);
      // The same in the lower 32 bits, and in the upper 21.
      add((id % 2 ** 32) + random.int(2 ** 21) * 2 ** 32);
      add(Math.floor(id / 2 ** 32) * 2 ** 32 + random.uint32());
      const other = wideClientId(random.uint32());
      expect(table.find(other)).toBe(slots.get(other) ?? -1);
    }
    for (const [id, slot] of slots) expect([table.find(id), table.clientOf(slot)]).toEqual([slot, id]);
    const descending = [...slots.keys()].sort((a, b) => b - a);
    expect(table.descending().map((slot) => table.clientOf(slot))).toEqual(descending);
  }));
