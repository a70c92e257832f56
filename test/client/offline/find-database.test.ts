// In which of several databases of one document the copy of a user is looked for.

import { beforeEach, describe, expect, it } from 'vitest';
import type { CopyOwner } from '../../../client/offline/copy-owner.js';
import { findDatabase } from '../../../client/offline/find-database.js';
import { Device } from '../../support/offline-device.js';

const url = 'ws://server/';
const as = (user: string | undefined, server: string | undefined = 'S'): CopyOwner => ({ url, server, user });

let device: Device;

beforeEach(() => {
  device = new Device();
});

const find = (who: CopyOwner): Promise<string> => findDatabase('notes', who, device.deps);

/** A copy that somebody has written to, who is known or not. Returns its database. */
async function written(who: CopyOwner): Promise<string> {
  const tab = await device.opened('notes', { owner: () => Promise.resolve(who) });
  tab.type('text');
  await tab.copy.flush();
  const { database } = tab.copy;
  await tab.copy.close();
  return database;
}

describe('the database of a copy', () => {
  it('I27: is the usual one for the first user, and one of their own for each further', async () => {
    expect(await written(as('ann'))).toBe('notes');
    const bobs = await written(as('bob'));
    expect(bobs).toContain('bob');
    expect([await find(as('ann')), await find(as('bob'))]).toEqual(['notes', bobs]);
    expect(await find(as('ann', 'another server'))).not.toBe('notes');
  });

  it("I27: a copy that was made later, by nobody, does not hide a user's own", async () => {
    await written(as('bob'));
    const anns = await written(as('ann'));
    const nobodys = await written({ url, server: undefined, user: undefined });
    expect(new Set(['notes', anns, nobodys]).size).toBe(3);
    expect(await find(as('ann'))).toBe(anns);
    expect(await find(as('bob'))).toBe('notes');
    // Who has none takes what was made before anybody was known.
    expect(await find(as('eve'))).toBe(nobodys);
  });
});
