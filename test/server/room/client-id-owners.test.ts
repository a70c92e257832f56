// Who may write under which Yjs client id.

import { beforeEach, describe, expect, it } from 'vitest';
import { ClientIdOwners } from '../../../server/room/client-id-owners.js';
import { countVisits } from '../../support/count-visits.js';
import { WatchedWriter } from '../../support/room-watch.js';

let owners: ClientIdOwners;
const writerOf = (sub?: string): WatchedWriter => new WatchedWriter({ sub });

const isForeign = (clientId: number, writer: WatchedWriter): boolean =>
  owners.standing(clientId, writer) !== 'free';
/** Ids that have content in the document. */
let written: Set<number>;

beforeEach(() => {
  written = new Set();
  owners = new ClientIdOwners((clientId) => written.has(clientId));
});

describe.each([
  ['announced', (id: number, writer: WatchedWriter) => owners.announce(id, writer)],
  ['edited live', (id: number, writer: WatchedWriter) => owners.edited(id, writer)],
])('an id that was %s', (_how, claim) => {
  it('C3: belongs to its connection, and to nobody else', () => {
    const [ann, bob, nameless] = [writerOf('ann'), writerOf('bob'), writerOf()];
    claim(1, ann);
    expect(isForeign(1, ann)).toBe(false);
    expect(isForeign(1, bob)).toBe(true);
    expect(isForeign(1, nameless)).toBe(true);
    expect(isForeign(2, bob)).toBe(false);
  });

  it("C3: is its user's on any other connection, while it is open and after", () => {
    const ann = writerOf('ann');
    claim(1, ann);
    expect(isForeign(1, writerOf('ann'))).toBe(false);
    owners.release(ann.connection);
    expect(isForeign(1, writerOf('ann'))).toBe(false);
    expect(isForeign(1, writerOf('bob'))).toBe(true);
    expect(isForeign(1, writerOf())).toBe(true);
  });

  it('C3: of somebody without a name is free once the connection has closed: a reloaded page gets in', () => {
    const nameless = writerOf();
    claim(1, nameless);
    const reloaded = writerOf();
    expect(isForeign(1, reloaded)).toBe(true);
    owners.release(nameless.connection);
    expect(isForeign(1, reloaded)).toBe(false);
    expect(isForeign(1, writerOf('bob'))).toBe(false);
    claim(1, reloaded);
    expect(isForeign(1, writerOf('bob'))).toBe(true);
  });

  it('C3: cannot be claimed by somebody else while it is open, in either way', () => {
    const [ann, bob] = [writerOf('ann'), writerOf('bob')];
    claim(1, ann);
    owners.edited(1, bob);
    owners.announce(1, bob);
    expect(isForeign(1, ann)).toBe(false);
    expect(isForeign(1, bob)).toBe(true);
  });

  it('C3: cannot be claimed by somebody else once it is reserved, in either way', () => {
    const [ann, bob] = [writerOf('ann'), writerOf('bob')];
    claim(1, ann);
    owners.release(ann.connection);
    owners.edited(1, bob);
    owners.announce(1, bob);
    expect(isForeign(1, bob)).toBe(true);
    expect(isForeign(1, writerOf('ann'))).toBe(false);
  });

  it('C3: goes back to an open connection of the user that comes again', () => {
    const [before, after] = [writerOf('ann'), writerOf('ann')];
    claim(1, before);
    owners.release(before.connection);
    claim(1, after);
    expect(isForeign(1, writerOf('bob'))).toBe(true);
    owners.release(after.connection);
    expect(isForeign(1, writerOf('ann'))).toBe(false);
    expect(isForeign(1, writerOf('bob'))).toBe(true);
  });

  it("stays claimed when another of the user's connections closes", () => {
    const [one, two] = [writerOf('ann'), writerOf('ann')];
    claim(1, one);
    owners.release(two.connection);
    expect(isForeign(1, one)).toBe(false);
    expect(isForeign(1, writerOf('bob'))).toBe(true);
  });
});

describe('an announcement', () => {
  // A page that tells nobody of itself repeats the id of somebody else, which it has heard.
  it.each(['while its connection is open', 'once it has closed', 'after a restart', 'after a crash'])(
    'C6: takes no id from whom has content under it, whatever that one has announced: %s',
    (when) => {
      const [silent, forger] = [writerOf('ann'), writerOf('mallory')];
      owners.edited(1, silent);
      written.add(1);
      owners.announce(7, silent);
      if (when !== 'while its connection is open') owners.release(silent.connection);
      const isLenient = when === 'after a crash';
      if (isLenient || when === 'after a restart') {
        const kept = owners.kept().map((id) => ({ ...id, isLenient }));
        owners = new ClientIdOwners((clientId) => written.has(clientId));
        owners.restore({ ids: kept, isWhole: false });
      }
      owners.announce(1, forger);
      expect(owners.standing(1, forger)).toBe('owned');
      expect(isForeign(1, writerOf('ann'))).toBe(false);
      owners.release(forger.connection);
      expect(isForeign(1, writerOf('ann'))).toBe(false);
    },
  );
});

describe('content that came by an offer', () => {
  it('C6: makes nobody the owner of its id by an announcement, and whoever edits under the id first owns it', () => {
    const [author, forger] = [writerOf('ann'), writerOf('mallory')];
    written.add(1);
    owners.announce(1, forger);
    expect(owners.standing(1, author)).toBe('free');
    owners.edited(1, author);
    expect(owners.standing(1, forger)).toBe('owned');
    owners.announce(1, author);
    owners.release(author.connection);
    owners.release(forger.connection);
    expect(isForeign(1, writerOf('ann'))).toBe(false);
  });

  const whole = (): void => owners.restore({ ids: [], isWhole: true });

  it('C6: of a whole document is owned by the user whose offer was the first to bring it', () => {
    whole();
    const [author, forger] = [writerOf('ann'), writerOf('mallory')];
    written.add(1);
    owners.offered([1], author);
    expect(owners.standing(1, forger)).toBe('owned');
    expect(owners.standing(1, forger, false)).toBe('owned');
    owners.edited(1, forger);
    owners.release(author.connection);
    expect(owners.standing(1, writerOf('ann'))).toBe('free');
    expect(owners.standing(1, writerOf('mallory'))).toBe('owned');
  });

  it('C6: of a document that may have lost something is nobody’s until somebody edits under its id', () => {
    const [bringer, author] = [writerOf('bob'), writerOf('ann')];
    written.add(1);
    owners.offered([1], bringer);
    expect(owners.standing(1, author)).toBe('free');
  });

  it('C6: is not claimed by a connection that has an id of its own: it may pass on what it heard beside the server', () => {
    whole();
    const [announcer, typist, author] = [writerOf('bob'), writerOf('cy'), writerOf('ann')];
    owners.announce(7, announcer);
    owners.edited(8, typist);
    for (const id of [1, 2, 7, 8]) written.add(id);
    owners.offered([1, 7], announcer);
    owners.offered([2], typist);
    expect([isForeign(1, author), isForeign(2, author)]).toEqual([false, false]);
    expect([isForeign(7, author), isForeign(8, author)]).toEqual([true, true]);
  });

  it('C6: takes no id from its owner', () => {
    whole();
    const [author, other] = [writerOf('ann'), writerOf('bob')];
    owners.announce(1, author);
    written.add(1);
    owners.offered([1], other);
    expect(owners.standing(1, author)).toBe('free');
    expect(owners.standing(1, other)).toBe('owned');
  });

  it('C3: where nobody is known, an offer claims nothing: another tab may pass it on first', () => {
    whole();
    written.add(1);
    owners.offered([1], writerOf());
    expect(owners.standing(1, writerOf())).toBe('free');
  });

  it('C3: where nobody is known, belongs to the page that announces its id, while the page is here', () => {
    const [author, other] = [writerOf(), writerOf()];
    written.add(1);
    owners.announce(1, author);
    expect(owners.standing(1, other)).toBe('taken');
  });
});

describe('what is to be kept', () => {
  it('C6: an id that was announced first is kept as soon as it has content, while its connection is open', () => {
    let changes = 0;
    owners = new ClientIdOwners(
      (clientId) => written.has(clientId),
      () => changes++,
    );
    const ann = writerOf('ann');
    owners.announce(1, ann);
    expect([changes, owners.kept().length]).toEqual([0, 0]);
    written.add(1);
    owners.edited(1, ann);
    expect([changes, owners.kept().length]).toEqual([1, 1]);
    owners.edited(1, ann);
    expect(changes, 'nothing new').toBe(1);
  });

  it('C6: an id that was announced first is kept as soon as an offer has brought its content', () => {
    let changes = 0;
    owners = new ClientIdOwners(
      (clientId) => written.has(clientId),
      () => changes++,
    );
    const ann = writerOf('ann');
    owners.announce(1, ann);
    written.add(1);
    owners.offered([1], ann);
    expect([changes, owners.kept().length]).toEqual([1, 1]);
  });

  it('C6: a lenient claim is kept anew when its owner is here again', () => {
    let changes = 0;
    written.add(1);
    owners = new ClientIdOwners(
      (clientId) => written.has(clientId),
      () => changes++,
    );
    const claim = { clientId: 1, owner: { sub: 'ann', device: undefined }, isLenient: true };
    owners.restore({ ids: [claim], isWhole: false });
    owners.edited(1, writerOf('ann'));
    expect(changes).toBe(1);
    expect(owners.kept()).toEqual([
      { clientId: 1, owner: { sub: 'ann', device: undefined }, isLenient: false },
    ]);
  });
});

describe('readers', () => {
  it('C6: claim nothing by announcing, nor after they may write no more', () => {
    const reader = writerOf('mallory');
    reader.mayWrite = false;
    owners.announce(1, reader);
    expect(isForeign(1, writerOf('ann'))).toBe(false);
    owners.release(reader.connection);
    expect(isForeign(1, writerOf('ann'))).toBe(false);
    const downgraded = writerOf('mallory');
    owners.announce(2, downgraded);
    downgraded.mayWrite = false;
    owners.announce(3, downgraded);
    expect([isForeign(2, writerOf('ann')), isForeign(3, writerOf('ann'))]).toEqual([true, false]);
  });
});

describe('devices', () => {
  const on = (device: string | undefined, sub?: string): WatchedWriter => new WatchedWriter({ sub, device });

  it('C7: the same device goes on under another user, while the first connection is open and after', () => {
    const guest = on('d1', 'guest-1');
    owners.announce(1, guest);
    expect(owners.standing(1, on('d1', 'ann'))).toBe('free');
    owners.release(guest.connection);
    const member = on('d1', 'ann');
    expect(owners.standing(1, member)).toBe('free');
    owners.edited(1, member);
    owners.release(member.connection);
    expect(owners.standing(1, on('d1', 'bob'))).toBe('free');
    expect(owners.standing(1, on('d2', 'guest-1')), 'the user it was made by').toBe('free');
  });

  it('C7: without the proof, or with another, it is told that the id is owned', () => {
    owners.announce(1, on('d1', 'guest-1'));
    expect(owners.standing(1, on('d2', 'ann'))).toBe('owned');
    expect(owners.standing(1, on(undefined, 'ann'))).toBe('owned');
    owners.announce(2, on(undefined, 'guest-1'));
    expect(owners.standing(2, on(undefined, 'ann')), 'no proof on either side').toBe('owned');
  });

  it('C7: of somebody without a name is only taken, until the connection has closed', () => {
    const nameless = on('d1');
    owners.announce(1, nameless);
    expect(owners.standing(1, on('d1'))).toBe('free');
    expect(owners.standing(1, on('d2'))).toBe('taken');
    owners.release(nameless.connection);
    expect(owners.standing(1, on('d2'))).toBe('free');
  });

  it('C7: an id that somebody without a name began becomes the user’s who goes on with it on the device', () => {
    const nameless = on('d1');
    owners.edited(1, nameless);
    const ann = on('d1', 'ann');
    owners.announce(1, ann);
    owners.release(nameless.connection);
    owners.release(ann.connection);
    expect(owners.standing(1, on('d2', 'mallory'))).toBe('owned');
  });
});

describe('memory', () => {
  const claimAndLeave = (clientId: number, sub: string): void => {
    const writer = writerOf(sub);
    owners.announce(clientId, writer);
    owners.release(writer.connection);
  };

  it('C6, O2: of ids without content a user keeps 1,000, and loses its own oldest', () => {
    claimAndLeave(1, 'victim');
    for (let clientId = 10; clientId <= 20_000; clientId++) claimAndLeave(clientId, 'mallory');
    const bob = writerOf('bob');
    expect(isForeign(1, bob)).toBe(true);
    expect([isForeign(19_000, bob), isForeign(19_001, bob), isForeign(20_000, bob)]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('C6, O2: many users together keep 10,000, and none of them takes the place of another', () => {
    claimAndLeave(1, 'victim');
    for (let user = 0; user < 20; user++)
      for (let i = 0; i < 1_000; i++) claimAndLeave(1_000 + user * 1_000 + i, `mallory ${user}`);
    const bob = writerOf('bob');
    expect(isForeign(1, bob)).toBe(true);
    let kept = 0;
    for (let clientId = 1_000; clientId < 21_000; clientId++) kept += isForeign(clientId, bob) ? 1 : 0;
    expect(kept).toBe(9_999);
    // Those that were full lose their own for each that they bring.
    claimAndLeave(50_000, 'mallory 0');
    expect([isForeign(50_000, bob), isForeign(1_000, bob), isForeign(1, bob)]).toEqual([true, false, true]);
  });

  it('C6: an id with content is kept whatever its user and others claim', () => {
    for (const [clientId, sub] of [
      [1, 'mallory'],
      [2, 'victim'],
    ] as const) {
      const writer = writerOf(sub);
      owners.announce(clientId, writer);
      written.add(clientId);
      owners.release(writer.connection);
    }
    for (let clientId = 10; clientId <= 12_000; clientId++) claimAndLeave(clientId, 'mallory');
    expect([isForeign(1, writerOf('bob')), isForeign(2, writerOf('bob'))]).toEqual([true, true]);
  });

  it('C6: an id that got content after its connection had closed is kept', () => {
    claimAndLeave(1, 'ann');
    written.add(1);
    for (let clientId = 10; clientId <= 12_000; clientId++) claimAndLeave(clientId, 'ann');
    expect(isForeign(1, writerOf('bob'))).toBe(true);
  });

  it('O2: a claim of an open connection is not counted', () => {
    claimAndLeave(1, 'ann');
    const again = writerOf('ann');
    owners.announce(1, again);
    for (let clientId = 2; clientId <= 10_100; clientId++) claimAndLeave(clientId, 'ann');
    expect(isForeign(1, writerOf('bob'))).toBe(true);
  });

  it('P5: what the end of a connection costs does not grow with the claims of others', () => {
    const perLeaver = (count: number): number => {
      const writers = Array.from({ length: count }, (_, i) => writerOf(`user ${i}`));
      for (const [i, writer] of writers.entries()) owners.announce(i + 1, writer);
      return (
        countVisits(() => {
          for (const { connection } of writers) owners.release(connection);
        }) / count
      );
    };
    const few = perLeaver(50);
    owners = new ClientIdOwners(() => false);
    expect(perLeaver(5_000)).toBeLessThanOrEqual(few + 1);
  });
});
