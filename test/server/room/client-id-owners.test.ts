// Who may write under which Yjs client id.

import { beforeEach, describe, expect, it } from 'vitest';
import { ClientIdOwners } from '../../../server/room/client-id-owners.js';
import { WatchedWriter } from '../../support/room-watch.js';

let owners: ClientIdOwners;
const writerOf = (sub?: string): WatchedWriter => new WatchedWriter({ sub });

beforeEach(() => {
  owners = new ClientIdOwners();
});

describe.each([
  ['announced', (id: number, writer: WatchedWriter) => owners.announce(id, writer)],
  ['edited live', (id: number, writer: WatchedWriter) => owners.edited(id, writer)],
])('an id that was %s', (_how, claim) => {
  it('C3: belongs to its connection, and to nobody else', () => {
    const [ann, bob, nameless] = [writerOf('ann'), writerOf('bob'), writerOf()];
    claim(1, ann);
    expect(owners.isForeign(1, ann)).toBe(false);
    expect(owners.isForeign(1, bob)).toBe(true);
    expect(owners.isForeign(1, nameless)).toBe(true);
    expect(owners.isForeign(2, bob)).toBe(false);
  });

  it("C3: is its user's on any other connection, while it is open and after", () => {
    const ann = writerOf('ann');
    claim(1, ann);
    expect(owners.isForeign(1, writerOf('ann'))).toBe(false);
    owners.release(ann.connection);
    expect(owners.isForeign(1, writerOf('ann'))).toBe(false);
    expect(owners.isForeign(1, writerOf('bob'))).toBe(true);
    expect(owners.isForeign(1, writerOf())).toBe(true);
  });

  it('C3: of somebody without a name is free once the connection has closed: a reloaded page gets in', () => {
    const nameless = writerOf();
    claim(1, nameless);
    const reloaded = writerOf();
    expect(owners.isForeign(1, reloaded)).toBe(true);
    owners.release(nameless.connection);
    expect(owners.isForeign(1, reloaded)).toBe(false);
    expect(owners.isForeign(1, writerOf('bob'))).toBe(false);
    claim(1, reloaded);
    expect(owners.isForeign(1, writerOf('bob'))).toBe(true);
  });

  it('C3: cannot be claimed by somebody else while it is open, in either way', () => {
    const [ann, bob] = [writerOf('ann'), writerOf('bob')];
    claim(1, ann);
    owners.edited(1, bob);
    owners.announce(1, bob);
    expect(owners.isForeign(1, ann)).toBe(false);
    expect(owners.isForeign(1, bob)).toBe(true);
  });

  it('C3: cannot be claimed by somebody else once it is reserved, in either way', () => {
    const [ann, bob] = [writerOf('ann'), writerOf('bob')];
    claim(1, ann);
    owners.release(ann.connection);
    owners.edited(1, bob);
    owners.announce(1, bob);
    expect(owners.isForeign(1, bob)).toBe(true);
    expect(owners.isForeign(1, writerOf('ann'))).toBe(false);
  });

  it('C3: goes back to an open connection of the user that comes again', () => {
    const [before, after] = [writerOf('ann'), writerOf('ann')];
    claim(1, before);
    owners.release(before.connection);
    claim(1, after);
    expect(owners.isForeign(1, writerOf('bob'))).toBe(true);
    owners.release(after.connection);
    expect(owners.isForeign(1, writerOf('ann'))).toBe(false);
    expect(owners.isForeign(1, writerOf('bob'))).toBe(true);
  });

  it("stays claimed when another of the user's connections closes", () => {
    const [one, two] = [writerOf('ann'), writerOf('ann')];
    claim(1, one);
    owners.release(two.connection);
    expect(owners.isForeign(1, one)).toBe(false);
    expect(owners.isForeign(1, writerOf('bob'))).toBe(true);
  });
});

describe('weak evidence', () => {
  it('C3: who announces the id gets it from one that only edited under it and announced another', () => {
    const [copier, owner] = [writerOf('bob'), writerOf('ann')];
    owners.announce(7, copier);
    owners.edited(1, copier);
    expect(owners.isForeign(1, owner)).toBe(true);
    owners.announce(1, owner);
    expect(owners.isForeign(1, owner)).toBe(false);
    expect(owners.isForeign(1, copier)).toBe(true);
    expect(owners.isForeign(7, copier)).toBe(false);
  });

  it('C3: not from one that announced nothing, nor from one that announced this very id', () => {
    const [silent, present, forger] = [writerOf('bob'), writerOf('cid'), writerOf('ann')];
    owners.edited(1, silent);
    owners.announce(1, forger);
    expect(owners.isForeign(1, forger)).toBe(true);
    owners.announce(2, present);
    owners.announce(3, present);
    owners.edited(2, present);
    owners.announce(2, forger);
    expect(owners.isForeign(2, forger)).toBe(true);
  });

  it('C3: an edit does not turn an announced claim into a weak one', () => {
    const [ann, forger] = [writerOf('ann'), writerOf('bob')];
    owners.announce(7, ann);
    owners.announce(1, ann);
    owners.release(ann.connection);
    const again = writerOf('ann');
    owners.announce(7, again);
    owners.edited(1, again);
    owners.announce(1, forger);
    expect(owners.isForeign(1, again)).toBe(false);
  });
});

describe('memory', () => {
  it('O2: 10,000 reservations are kept, the oldest go first', () => {
    for (let clientId = 1; clientId <= 10_001; clientId++) {
      const writer = writerOf('ann');
      owners.announce(clientId, writer);
      owners.release(writer.connection);
    }
    const bob = writerOf('bob');
    expect(owners.isForeign(1, bob)).toBe(false);
    expect(owners.isForeign(2, bob)).toBe(true);
    expect(owners.isForeign(10_001, bob)).toBe(true);
  });

  it('O2: a claim of an open connection is no reservation, and does not go', () => {
    const ann = writerOf('ann');
    owners.announce(1, ann);
    owners.release(ann.connection);
    const again = writerOf('ann');
    owners.announce(1, again);
    for (let clientId = 2; clientId <= 10_100; clientId++) {
      const writer = writerOf('cid');
      owners.edited(clientId, writer);
      owners.release(writer.connection);
    }
    expect(owners.isForeign(1, writerOf('bob'))).toBe(true);
  });
});
