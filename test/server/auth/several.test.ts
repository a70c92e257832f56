import { expect, test } from 'vitest';

import { parseDocumentName } from '../../../shared/document-name.js';
import { createJwtAuthenticator } from '../../../server/auth/jwt.js';
import { createOpenAuthenticator } from '../../../server/auth/open-authenticator.js';
import { createSeveralAuthenticator } from '../../../server/auth/several.js';
import { at, forge, goodClaims, hs256, hsToken, standingClock, refusalOf, secret } from './support.js';

const clock = standingClock();
const demoSecret = 'another secret of thirty-two bytes and more';
const demoToken = (claims: object = {}) =>
  forge({ alg: 'HS256' }, { ...goodClaims, ...claims }, hs256(demoSecret));
const notes = parseDocumentName('notes/a');

const make = async () =>
  createSeveralAuthenticator([
    await createJwtAuthenticator({ secret }, { clock, authorize: () => 'read' }),
    await createJwtAuthenticator({ secret: demoSecret }, { clock }),
  ]);

test('A1 rights are decided by the one that knows the token', async () => {
  const several = await make();
  expect(await several.authorize(await several.authenticate(hsToken()), notes)).toBe('read');
  expect(await several.authorize(await several.authenticate(demoToken()), notes)).toBe('write');
});

test('A1 claims that nobody verified open nothing', async () => {
  const several = await make();
  const copy = { ...(await several.authenticate(demoToken())) };
  expect((await refusalOf(() => several.authorize(copy, notes))).code).toBe('INTERNAL');
});

test('A1 the most telling refusal is kept', async () => {
  const several = await make();
  const stranger = forge({ alg: 'HS256' }, goodClaims, hs256('x'.repeat(40)));
  expect((await refusalOf(several.authenticate(undefined))).code).toBe('TOKEN_MISSING');
  expect((await refusalOf(several.authenticate(stranger))).code).toBe('TOKEN_INVALID');
  expect((await refusalOf(several.authenticate(demoToken({ exp: at(-1) })))).code).toBe('TOKEN_EXPIRED');
  expect((await refusalOf(several.authenticate(hsToken({ ...goodClaims, exp: at(-1) })))).code).toBe(
    'TOKEN_EXPIRED',
  );
});

test('A1 without tokens everyone is nobody and may write, unless a hook says otherwise', async () => {
  const open = createOpenAuthenticator();
  expect(await open.authenticate(undefined)).toEqual({ payload: {} });
  expect(await open.authenticate('anything')).toEqual({ payload: {} });
  expect(await open.authorize({ payload: {} }, notes)).toBe('write');
  expect(await createOpenAuthenticator(() => 'read').authorize({ payload: {} }, notes)).toBe('read');
});
