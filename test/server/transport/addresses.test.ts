import { describe, expect, test } from 'vitest';

import { defaultLimits } from '../../../shared/limits.js';
import { Addresses, Seat, type AddressLimits } from '../../../server/transport/addresses.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { SeededRandom } from '../../support/seeded-random.js';

function setUp(limits: Partial<AddressLimits> = {}) {
  const clock = createFakeClock();
  const addresses = new Addresses(clock, { ...defaultLimits, ...limits });
  const admit = (name = 'a', kind: 'websocket' | 'http' = 'websocket'): Seat => {
    const seat = addresses.admit(name, kind);
    if (!(seat instanceof Seat)) throw new Error(seat.reason);
    return seat;
  };
  const refusal = (name = 'a', kind: 'websocket' | 'http' = 'websocket'): number | undefined => {
    const seat = addresses.admit(name, kind);
    if (!(seat instanceof Seat)) return seat.status;
    seat.leave();
    return undefined;
  };
  return { clock, addresses, admit, refusal };
}

describe('T16 limits per address', () => {
  test('T16 connections, over HTTP and all together; a place is free again when one leaves', () => {
    const { admit, refusal } = setUp({ maxConnectionsPerAddress: 3, maxHttpPerAddress: 1 });
    const [first] = [admit(), admit('a', 'http')];
    first.believe();
    expect([refusal('a', 'http'), refusal()]).toEqual([503, undefined]);
    admit();
    expect([refusal(), refusal('b')]).toEqual([503, undefined]);
    first.leave();
    first.leave();
    const last = admit();
    expect(refusal()).toBe(503);
    last.leave();
    expect(refusal()).toBeUndefined();
  });

  test('T16 handshakes in ten seconds, whatever became of them', () => {
    const { clock, admit, refusal } = setUp({ maxHandshakesPerAddress: 5 });
    for (let i = 0; i < 5; i++) admit().leave();
    expect([refusal(), refusal('b')]).toEqual([429, undefined]);
    clock.advance(9_999);
    expect(refusal()).toBe(429);
    clock.advance(1);
    expect(refusal()).toBeUndefined();
  });

  test('T16 strangers of each kind, and of all addresses; who is believed is none', () => {
    const limits = { maxUnknownPerAddress: 2, maxHttpUnknownPerAddress: 1, maxUnknownConnections: 4 };
    const { addresses, admit, refusal } = setUp(limits);
    const seats = [admit(), admit(), admit('a', 'http')];
    expect([refusal(), refusal('a', 'http')]).toEqual([503, 503]);
    admit('b').leave();
    admit('b');
    expect(refusal('c')).toBe(503);
    expect(seats[0]!.believe()).toBe(true);
    expect(seats[0]!.believe()).toBe(false);
    expect([refusal(), refusal('c')]).toEqual([undefined, undefined]);
    for (const seat of seats) seat.leave();
    expect(addresses.strangers).toBe(1);
  });

  test('T16 one address cannot fill what another has', () => {
    const { admit, refusal } = setUp();
    for (let i = 0; i < defaultLimits.maxUnknownPerAddress; i++) admit('full');
    expect([refusal('full'), refusal('other')]).toEqual([503, undefined]);
  });
});

describe('T16 what counts as one address', () => {
  test.each([
    ['2001:db8::1', '2001:db8:0:0:1:2:3:4', true],
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff::', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['::1', '::2', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['1::', '1:0:0:0:5::', true],
  ])('T16 %s and %s: %s', (a, b, isOne) => {
    const { admit, refusal } = setUp({ maxConnectionsPerAddress: 1 });
    admit(a);
    expect(refusal(b)).toBe(isOne ? 503 : undefined);
  });

  test('T16 a few addresses cannot take all places for strangers', () => {
    const { admit, addresses, refusal } = setUp();
    for (let a = 0; refusal(`many${a}`) === undefined && a < 10; a++)
      for (let i = 0; refusal(`many${a}`) === undefined && i < 2_000; i++) admit(`many${a}`);
    expect(addresses.strangers).toBeLessThan(defaultLimits.maxUnknownConnections);
    for (let i = 0; i < 16; i++) admit('other');
    expect(refusal('other')).toBe(503);
  });

  test('T16 addresses that are gone are forgotten, the first ones first', () => {
    const { admit } = setUp();
    const [first, here] = [admit('first'), admit('here')];
    for (const seat of [first, here]) seat.believe();
    first.leave();
    const again = admit('first');
    expect(again.takeRoom(false)).toBe(true);
    again.leave();
    for (let i = 0; i < 20_000; i++) admit(`a${i}`).leave();
    expect([admit('here'), admit('first')].map((seat) => seat.takeRoom(false))).toEqual([true, false]);
  });
});

describe('T15 strangers with large messages', () => {
  const isRoomy = (seat: Seat): boolean => seat.takeRoom(false);

  test('T15 no stranger of an address that nobody was believed at, one of a known address', () => {
    const { admit } = setUp();
    expect([isRoomy(admit()), isRoomy(admit())]).toEqual([false, false]);
    admit().believe();
    const roomy = admit();
    expect([isRoomy(roomy), isRoomy(admit()), isRoomy(admit('b'))]).toEqual([true, false, false]);
    roomy.believe();
    expect(isRoomy(admit())).toBe(true);
    const trusted = admit('c');
    trusted.believe();
    expect(isRoomy(trusted)).toBe(true);
  });

  test('T15 elsewhere one that brings a token, and eight altogether', () => {
    const { admit } = setUp();
    const withToken = (name: string): boolean => admit(name).takeRoom(true);
    expect([withToken('a'), withToken('a')]).toEqual([true, false]);
    for (let i = 0; i < 7; i++) expect(withToken(`b${i}`)).toBe(true);
    expect(withToken('c')).toBe(false);
    admit('d').believe();
    expect(withToken('d')).toBe(true);
  });

  test('T15 an address is known for an hour after the last belief', () => {
    const { clock, admit } = setUp();
    admit().believe();
    clock.advance(3_599_999);
    const seat = admit();
    expect(isRoomy(seat)).toBe(true);
    seat.leave();
    clock.advance(1);
    expect(isRoomy(admit())).toBe(false);
  });

  test('T18 a trusted connection that outgrew the limit of strangers finds room when it comes back', () => {
    const { clock, admit } = setUp();
    const stranger = admit();
    stranger.outgrow();
    expect(isRoomy(admit())).toBe(false);
    const old = admit();
    old.believe();
    clock.advance(10 * 3_600_000);
    old.outgrow();
    old.leave();
    old.outgrow();
    const back = [admit(), admit(), admit()].map(isRoomy);
    expect(back).toEqual([true, true, false]);
    for (let i = 0; i < 20; i++) {
      const seat = admit();
      seat.believe();
      seat.outgrow();
    }
    const roomy = Array.from({ length: 20 }, () => admit()).filter(isRoomy);
    expect(roomy).toHaveLength(6);
  });
});

test('T16 whatever comes and goes, the counts are those of what is there', () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1e6);
  const random = new SeededRandom(seed);
  const limits = { maxConnectionsPerAddress: 6, maxHttpPerAddress: 3, maxUnknownConnections: 12 };
  const { clock, addresses } = setUp({ ...limits, maxUnknownPerAddress: 4, maxHttpUnknownPerAddress: 2 });
  const there: { seat: Seat; name: string; kind: 'websocket' | 'http' }[] = [];
  for (let step = 0; step < 5_000; step++) {
    const [name, kind] = [`a${random.int(4)}`, random.int(2) === 0 ? 'websocket' : 'http'] as const;
    const act = random.int(4);
    const one = there[random.int(Math.max(1, there.length))];
    if (act < 2) {
      const seat = addresses.admit(name, kind);
      const here = there.filter((other) => other.name === name);
      const strangers = here.filter((other) => other.kind === kind && other.seat.isStranger);
      const isFull =
        here.length >= 6 ||
        (kind === 'http' && here.filter((other) => other.kind === 'http').length >= 3) ||
        strangers.length >= (kind === 'http' ? 2 : 4) ||
        there.filter((other) => other.seat.isStranger).length >= 12;
      expect(seat instanceof Seat, `seed ${seed}, step ${step}`).toBe(!isFull);
      if (seat instanceof Seat) there.push({ seat, name, kind });
    } else if (act === 2) one?.seat.believe();
    else if (one !== undefined) {
      one.seat.leave();
      there.splice(there.indexOf(one), 1);
    }
    if (step % 100 === 0) clock.advance(10_000);
  }
});
