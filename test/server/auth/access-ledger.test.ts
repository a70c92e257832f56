// The ledger by itself: durable first, the same after a restart, and rid of what is over.

import { beforeEach, describe, expect, it } from 'vitest';
import { AccessLedger } from '../../../server/auth/access-ledger.js';
import { createLedgerAuthenticator } from '../../../server/auth/ledger-authenticator.js';
import {
  decodeRuling,
  encodeRuling,
  keyOf,
  rulingPrefix,
  type Ruling,
} from '../../../server/auth/rulings.js';
import { StoreError } from '../../../server/errors.js';
import { parseDocumentName } from '../../../shared/document-name.js';
import type { Claims } from '../../../shared/permission.js';
import { ControlledStore } from '../../support/controlled-store.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { settled } from '../../support/turns.js';

let store: ControlledStore;
let clock: FakeClock;
let ledger: AccessLedger;
let now: number;

beforeEach(async () => {
  store = new ControlledStore();
  clock = createFakeClock();
  now = clock.now();
  ledger = await AccessLedger.load(store, clock);
});

const doc = parseDocumentName('notes/one');

/** Issued so many seconds after now. */
function claims(iatS: number | undefined, more: Partial<Claims> = {}): Claims {
  const iat = iatS === undefined ? undefined : now / 1000 + iatS;
  return { sub: 'ada', iat, sid: 'phone', jti: 't1', payload: {}, ...more };
}

const user = (more: object = {}): Ruling => ({
  kind: 'user',
  user: 'ada',
  at: now,
  until: undefined,
  ...more,
});
const device = (of?: string): Ruling => ({
  kind: 'device',
  device: 'phone',
  user: of,
  at: now,
  until: undefined,
});

function access(pattern: string, what: 'none' | 'read' | 'write', order: number, more: object = {}): Ruling {
  const about = { kind: 'access', user: 'ada', pattern, access: what, order } as const;
  return { ...about, at: now, until: undefined, isForEveryToken: false, ...more };
}

async function storedKeys(): Promise<string[]> {
  const keys: string[] = [];
  for await (const [key] of store.listState(rulingPrefix)) keys.push(key);
  return keys;
}

const code = (of: Claims, by = ledger): string | undefined => by.refusal(of)?.code;

describe('A5: a ruling is durable before it counts', () => {
  it('counts when the store has taken it, and not before', async () => {
    store.hold('setStates');
    const written = ledger.write(() => ({ put: user() }));
    await settled();
    expect(code(claims(-1))).toBeUndefined();
    store.release('setStates');
    await written;
    expect(code(claims(-1))).toBe('TOKEN_REVOKED');
  });

  it('what the store does not take changes nothing, and the next one is tried', async () => {
    store.failures.set('setStates', new StoreError('STORE_AWAY', 'gone'));
    await expect(ledger.write(() => ({ put: user() }))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(code(claims(-1))).toBeUndefined();
    await ledger.write(() => ({ put: user() }));
    expect(code(claims(-1))).toBe('TOKEN_REVOKED');
  });

  it('writes count in the order in which they were asked for', async () => {
    store.hold('setStates');
    const writes = [
      ledger.write(() => ({ put: access('**', 'read', ledger.nextOrder()) })),
      ledger.write(() => ({ remove: access('**', 'read', 0) })),
    ];
    store.release('setStates');
    await Promise.all(writes);
    expect(ledger.access(claims(-1), doc)).toBeUndefined();
    expect(await storedKeys()).toEqual([]);
  });

  it('all of it is there after a restart', async () => {
    for (const put of [user(), device(), device('bob'), access('notes/*', 'read', 3)])
      await ledger.write(() => ({ put }));
    await ledger.write(() => ({ put: { kind: 'token', token: 't9', at: now, until: undefined } }));
    await ledger.write(() => ({ put: { kind: 'refresh', user: 'cat', at: now, until: undefined } }));
    const again = await AccessLedger.load(store, clock);
    expect(code(claims(-1), again)).toBe('TOKEN_REVOKED');
    expect(code(claims(-1, { sub: 'dan' }), again)).toBe('TOKEN_REVOKED');
    expect(code(claims(-1, { sub: 'dan', sid: undefined, jti: 't9' }), again)).toBe('TOKEN_REVOKED');
    expect(again.access(claims(-1), doc)).toBe('read');
    expect(again.isStale(claims(-1, { sub: 'cat' }))).toBe(true);
    expect(again.nextOrder()).toBe(4);
  });

  it('a stored ruling that cannot be read is no reason to go on without it', async () => {
    await store.setState(`${rulingPrefix}user/x`, new TextEncoder().encode('{"version":2,"kind":"user"}'));
    await expect(AccessLedger.load(store, clock)).rejects.toThrow('cannot be read');
    for (const text of ['{"version":1,"kind":"other","at":1}', '{"version":1,"kind":"user","at":1}', '[]'])
      expect(() => decodeRuling(new TextEncoder().encode(text))).toThrow(TypeError);
  });

  it('a ruling is the same when it is read, and its key is bounded', () => {
    const long = 'x'.repeat(1_000);
    for (const ruling of [user({ user: long }), device(long), access('**', 'none', 1, { until: now + 1 })]) {
      expect(decodeRuling(encodeRuling(ruling))).toEqual(ruling);
      expect(keyOf(ruling).length).toBeLessThan(80);
    }
    expect(keyOf(device())).not.toBe(keyOf(device('ada')));
  });

  it('the ledger is asked after the token itself', async () => {
    const authenticator = createLedgerAuthenticator(
      { authenticate: (token) => Promise.resolve(claims(Number(token))), authorize: () => 'write' },
      ledger,
    );
    await ledger.write(() => ({ put: user() }));
    await expect(authenticator.authenticate('-1')).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
    expect(await authenticator.authenticate('1')).toMatchObject({ sub: 'ada' });
    await ledger.write(() => ({ put: access('notes/*', 'none', 1) }));
    expect(authenticator.authorize(claims(-1), doc)).toBe('none');
    expect(authenticator.authorize(claims(1), doc)).toBe('write');
  });
});

describe('A6: which tokens a revocation concerns', () => {
  it.each([
    ['issued before it', -1, 'TOKEN_REVOKED'],
    ['issued in its second', 0, 'TOKEN_REVOKED'],
    ['that does not say when it was issued', undefined, 'TOKEN_REVOKED'],
    ['issued after it', 1, undefined],
  ] as const)('of a user and of a device: one %s', async (_what, iatS, expected) => {
    await ledger.write(() => ({ put: user() }));
    expect(code(claims(iatS))).toBe(expected);
    expect(code(claims(iatS, { sub: 'bob' }))).toBeUndefined();
    expect(code(claims(iatS, { sub: undefined }))).toBeUndefined();
    await ledger.write(() => ({ remove: user() }));
    await ledger.write(() => ({ put: device() }));
    expect(code(claims(iatS, { sub: 'bob' }))).toBe(expected);
    expect(code(claims(iatS, { sid: 'desk' }))).toBeUndefined();
    expect(code(claims(iatS, { sid: undefined }))).toBeUndefined();
  });

  it('of a device of one user: the same device of another goes on', async () => {
    await ledger.write(() => ({ put: device('ada') }));
    expect(code(claims(-1))).toBe('TOKEN_REVOKED');
    expect(code(claims(-1, { sub: 'bob' }))).toBeUndefined();
  });

  it('of a token: whenever it was issued, and no other', async () => {
    await ledger.write(() => ({ put: { kind: 'token', token: 't1', at: now, until: undefined } }));
    expect(code(claims(60))).toBe('TOKEN_REVOKED');
    expect(code(claims(-1, { jti: 't2' }))).toBeUndefined();
    expect(code(claims(-1, { jti: undefined }))).toBeUndefined();
  });
});

describe('A7: which access counts', () => {
  it('the one that was set last, where several patterns fit', async () => {
    await ledger.write(() => ({ put: access('notes/**', 'none', ledger.nextOrder()) }));
    await ledger.write(() => ({ put: access('notes/one', 'write', ledger.nextOrder()) }));
    expect(ledger.access(claims(-1), doc)).toBe('write');
    await ledger.write(() => ({ put: access('notes/**', 'read', ledger.nextOrder()) }));
    expect(ledger.access(claims(-1), doc)).toBe('read');
    expect(ledger.access(claims(-1), parseDocumentName('other'))).toBeUndefined();
    expect(ledger.accessCount('ada')).toBe(2);
  });

  it('until a token that was issued later; with a stated end, for all tokens until then', async () => {
    await ledger.write(() => ({ put: access('**', 'none', 1) }));
    expect([ledger.access(claims(0), doc), ledger.access(claims(1), doc)]).toEqual(['none', undefined]);
    await ledger.write(() => ({ put: access('**', 'none', 2, { until: now + 100, isForEveryToken: true }) }));
    expect([ledger.access(claims(0), doc), ledger.access(claims(1), doc)]).toEqual(['none', 'none']);
    clock.advance(100);
    expect([ledger.access(claims(0), doc), ledger.access(claims(1), doc)]).toEqual([undefined, undefined]);
  });
});

describe('A5: what is over is forgotten', () => {
  it('in memory at once, in the store after it; what lasts stays', async () => {
    await ledger.write(() => ({ put: user({ until: now + 100 }) }));
    await ledger.write(() => ({ put: device() }));
    expect(ledger.nextEnd).toBe(now + 100);
    clock.advance(99);
    expect(ledger.forget().over).toEqual([]);
    clock.advance(1);
    expect(code(claims(-1, { sid: undefined }))).toBeUndefined();
    const { over, removed } = ledger.forget();
    await removed;
    expect(over).toEqual([user({ until: now + 100 })]);
    expect(await storedKeys()).toEqual([keyOf(device())]);
    expect(ledger.nextEnd).toBeUndefined();
  });

  it('one that was written again meanwhile is not removed', async () => {
    await ledger.write(() => ({ put: user({ until: now + 100 }) }));
    clock.advance(100);
    const again = ledger.write(() => ({ put: user({ until: now + 900 }) }));
    const { removed } = ledger.forget();
    await Promise.all([again, removed]);
    expect(code(claims(-1))).toBe('TOKEN_REVOKED');
    expect(await storedKeys()).toEqual([keyOf(user())]);
  });

  it('one that the store could not remove means nothing after a restart', async () => {
    await ledger.write(() => ({ put: user({ until: now + 100 }) }));
    clock.advance(100);
    store.failures.set('setStates', new StoreError('STORE_AWAY', 'gone'));
    await expect(ledger.forget().removed).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    const again = await AccessLedger.load(store, clock);
    expect(code(claims(-1), again)).toBeUndefined();
    await again.forget().removed;
    expect(await storedKeys()).toEqual([]);
  });
});

describe('A17: devices of one user that stay signed out one by one', () => {
  const signOut = (device: string, at: number): Promise<void> =>
    ledger.signOut({ kind: 'signed-out', user: 'ada', device, sids: [], jtis: [], at, until: undefined });

  it('are 64; with the next one tokens end that were issued before the first of them was signed out', async () => {
    for (let number = 0; number < 64; number++) await signOut(`d${number}`, now + number * 1000);
    expect(ledger.signedOutAt('ada', 'd0')).toBe(now);
    expect(code(claims(0, { sid: undefined }))).toBeUndefined();
    await signOut('d64', now + 64_000);
    for (const of of [ledger, await AccessLedger.load(store, clock)]) {
      expect(of.signedOutAt('ada', 'd0')).toBeUndefined();
      expect(of.signedOutAt('ada', 'd1')).toBe(now + 1_000);
      expect(code(claims(0, { sid: undefined }), of)).toBe('TOKEN_REVOKED');
      expect(code(claims(1, { sid: undefined }), of)).toBeUndefined();
    }
  });
});
