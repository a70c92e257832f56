// A server whose user ada is connected from two devices, and bob beside her.

import { afterEach, beforeEach, expect } from 'vitest';
import { AccessLedger } from '../../../server/auth/access-ledger.js';
import type { UserControl } from '../../../server/users/user-control.js';
import { ControlledStore } from '../../support/controlled-store.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import type { NativePeer } from '../../support/native-peer.js';
import {
  Bearers,
  createSessionServer,
  type Bearer,
  type SessionServer,
  type SessionServerOptions,
} from '../../support/session-server.js';
import { watch } from '../../support/turns.js';

export let server: SessionServer;
export let clock: FakeClock;
export let store: ControlledStore;
export let bearers: Bearers;
export let nowS: number;

beforeEach(async () => {
  clock = createFakeClock();
  store = new ControlledStore();
  bearers = new Bearers();
  nowS = clock.now() / 1000;
  believe('old', { sid: 'phone', jti: 'j1' });
  believe('desk', { sid: 'desk', jti: 'j2' });
  believe('bob', { sub: 'bob', sid: 'desk', jti: 'j3' });
  await start();
});

afterEach(() => server.close());

/** A token that was issued a minute ago. */
export function believe(token: string, bearer: Partial<Bearer> = {}): void {
  bearers.byToken.set(token, { sub: 'ada', iat: nowS - 60, exp: nowS + 600, access: 'write', ...bearer });
}

export async function start(options: Pick<SessionServerOptions, 'maxTokenLifeS'> = {}): Promise<void> {
  const ledger = await AccessLedger.load(store, clock);
  server = createSessionServer({ clock, store, bearers, ledger, ...options });
}

/** Lets what was asked for happen while the clock stands still. */
export async function done<T>(what: Promise<T>): Promise<T> {
  const watched = watch(what);
  await server.settle();
  await server.settle();
  expect(watched.isSettled).toBe(true);
  return what;
}

export const users = (): UserControl => server.users!;

export async function renewed(peer: NativePeer, token: string): Promise<void> {
  peer.say({ type: 'token', token });
  await server.run(20);
}
