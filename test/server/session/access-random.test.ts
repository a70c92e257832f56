// Handshakes, opens, renewals, expiries, refreshes, revocations, changes of access, restarts and crashes in random order,
// with a store and an authorize hook that answer late, judged by a plain model of the ledger and of every token. Whatever
// the server sends to a session, and whatever it takes from one, must be allowed by the model at that moment.

import { describe, expect, it } from 'vitest';
import { chooseSeed, withSeed } from '../../support/seeded-random.js';
import { names } from './access-paper.js';
import { World } from './access-world.js';

function act(world: World): void {
  const { random } = world;
  const line = random.pick(world.open);
  const action = random.int(20);
  const isPushing = world.next !== undefined;
  if (line === undefined || action < 3) return world.connect();
  if (action < 6) return world.openDocument(line, random.pick(names));
  if (action < 13) return world.write(line);
  if (action < 15) return line.peer === undefined ? undefined : world.handIn(line);
  if (action === 15) return line.end.terminate();
  if (isPushing) return;
  if (action === 16 && random.chance(0.5)) return world.refresh();
  if (action === 17 && random.chance(0.6)) return world.revoke();
  return world.setAccess();
}

describe('A12: access in every order', () => {
  const first = chooseSeed();
  const count = Number(process.env['SEEDS'] ?? 30);
  const seen = new Map<string, number>();

  it.each(Array.from({ length: count }, (_, i) => (first + i) >>> 0))(
    'A5, A6, A7, A9, A12: nothing is delivered to or taken from a session that may not have it (seed %i)',
    async (seed) => {
      await withSeed(seed, async (random) => {
        const world = new World(random);
        await world.start();
        for (let step = 0; step < 150; step++) {
          if (random.chance(0.015)) await world.restart(random.chance(0.6));
          else act(world);
          await world.server.run(random.int(40), 8);
          expect(world.wrong).toEqual([]);
        }
        // Longer than what was set counts, and than a refusal is told late.
        await world.server.run(3_500, 20);
        world.judgeRest();
        expect(world.wrong).toEqual([]);
        for (const [what, times] of world.seen) seen.set(what, (seen.get(what) ?? 0) + times);
        await world.restart(false);
        await world.server.close();
      });
    },
  );

  it('A12: and all of it has happened', () => {
    const wanted = [
      'welcome',
      'authenticated',
      'token-wanted',
      'token-wanted: stale',
      'revoked',
      'access was set',
      'access was taken back',
      'refreshed',
      'crashed',
      'restarted',
      'taken',
      'native TOKEN_REVOKED',
      'native TOKEN_EXPIRED',
      'stock TOKEN_REVOKED',
      'stock TOKEN_EXPIRED',
      'stock TOKEN_STALE',
      'stock FORBIDDEN',
      'opened',
      'access',
      'update',
      'denied',
      'refused: READ_ONLY',
      'not-opened: FORBIDDEN',
      'closed: FORBIDDEN',
    ];
    for (const what of wanted) expect(seen.get(what) ?? 0, what).toBeGreaterThan(0);
  });
});
