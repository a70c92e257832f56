// The application's hooks that somebody waits for.

import { beforeEach, describe, expect, it } from 'vitest';
import { ApplicationHooks } from '../../server/application-hooks.js';
import { SyncError } from '../../shared/errors.js';
import type { Access } from '../../shared/permission.js';
import { parseDocumentName } from '../../shared/document-name.js';
import { createFakeClock, type FakeClock } from '../support/fake-clock.js';
import { pass, watch } from '../support/turns.js';
import type { Hooks } from '../../server/options.js';

const claims = { sub: 'ann', payload: {} };
const visitor = {
  document: parseDocumentName('doc'),
  connectionId: 'c1',
  claims,
  remoteAddress: '192.0.2.1',
};
const never = (): Promise<never> => new Promise(() => {});

let clock: FakeClock;
let errors: string[];

beforeEach(() => {
  clock = createFakeClock();
  errors = [];
});

function hooksOf(hooks: Hooks): ApplicationHooks {
  const logger = {
    debug() {},
    info() {},
    warn() {},
    error: (fields: object) => void errors.push(JSON.stringify(fields)),
  };
  return new ApplicationHooks(hooks, { logger, clock });
}

describe('a hook that does not answer', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['authorize', async () => hooksOf({ authorize: never }).authorize!(claims, 'doc')],
    ['onConnect', () => hooksOf({ onConnect: never }).connected(visitor)],
  ])('O12: %s is waited for half a minute, and then whoever waits is told INTERNAL', async (name, ask) => {
    const asked = watch(ask());
    await pass(clock, 29_000, 1_000);
    expect([asked.isSettled, errors]).toEqual([false, []]);
    await pass(clock, 1_000);
    expect(asked.error).toMatchObject({ code: 'INTERNAL' });
    expect(errors.join()).toContain(name);
    expect(clock.pending).toBe(0);
  });
});

describe('a hook that answers', () => {
  it('A1: says what is allowed, at once or later, and leaves no timer', async () => {
    expect(await hooksOf({ authorize: () => 'read' }).authorize!(claims, 'doc')).toBe('read');
    expect(
      await hooksOf({ authorize: () => Promise.resolve<Access>('write') }).authorize!(claims, 'doc'),
    ).toBe('write');
    expect(hooksOf({}).authorize).toBeUndefined();
    await hooksOf({ onConnect: async () => {} }).connected(visitor);
    expect([clock.pending, errors]).toEqual([0, []]);
  });

  it('A1: refuses by what it throws', async () => {
    const refusal = new SyncError('READ_ONLY', 'no');
    await expect(hooksOf({ onConnect: () => Promise.reject(refusal) }).connected(visitor)).rejects.toBe(
      refusal,
    );
    await expect(
      hooksOf({ onConnect: () => Promise.reject(new Error('x')) }).connected(visitor),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(
      hooksOf({ authorize: () => Promise.reject(refusal) }).authorize!(claims, 'doc'),
    ).rejects.toBe(refusal);
  });
});
