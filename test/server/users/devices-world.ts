// The devices of users, and a plain model beside them that says what they must be.

/* oxlint-disable vitest/no-standalone-expect -- reason: a test plays this world, and fails by what it expects */

import { expect } from 'vitest';
import { AccessLedger } from '../../../server/auth/access-ledger.js';
import { deviceId, deviceProof } from '../../../server/session/device-proof.js';
import type { Session } from '../../../server/session/session.js';
import { SessionRegistry } from '../../../server/session/session-registry.js';
import { createMemoryStore } from '../../../server/store/memory-store.js';
import { Devices } from '../../../server/users/devices.js';
import { maxDeviceTextLength } from '../../../shared/device.js';
import { silentLogger } from '../../../shared/logger.js';
import type { Claims } from '../../../shared/permission.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { settled } from '../../support/turns.js';

export const users = ['ada', 'bob', '../devices'];
export const secrets = ['phone', 'desk', 'tablet', 'tv'].map((name) => name.padEnd(32, '.'));
const maxDevices = 3;
export const maxDeviceDays = 30;

interface Known {
  given: string;
  firstSeen: number;
  lastSeen: number;
  since: number;
  readonly sessions: Set<Session>;
}

export class World {
  readonly clock = createFakeClock();
  readonly store = createMemoryStore();
  readonly random: SeededRandom;
  /** By user, then by id. What the list must say. */
  readonly model = new Map<string, Map<string, Known>>();
  /** Tokens that must be refused wherever they are used, by jti; and those of a device up to a time, by its id. */
  readonly endedTokens = new Set<string>();
  readonly endedDevices = new Map<string, number>();
  readonly open = new Map<Session, { user: string; id: string }>();
  readonly used = new Map<string, { claims: Claims; id: string }>();
  ledger!: AccessLedger;
  sessions!: SessionRegistry;
  devices!: Devices;
  #tokens = 0;
  #run = 0;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  async start(): Promise<void> {
    const { clock, store } = this;
    this.ledger = await AccessLedger.load(store, clock);
    this.sessions = new SessionRegistry(clock);
    const { ledger, sessions } = this;
    const run = ++this.#run;
    this.devices = new Devices({
      store: {
        getState: (key) => store.getState(key),
        listState: (prefix) => store.listState(prefix),
        // A process that is gone writes nothing.
        setStates: (changes) => (run === this.#run ? store.setStates(changes) : new Promise(() => {})),
      },
      ledger,
      sessions,
      clock,
      logger: silentLogger,
      limits: { maxDevicesPerUser: maxDevices, maxDeviceDays },
    });
  }

  connect(user: string, secret: string): void {
    const { clock } = this;
    const jti = `t${++this.#tokens}`;
    const claims: Claims = {
      sub: user,
      iat: Math.floor(clock.now() / 1000),
      exp: undefined,
      jti,
      sid: undefined,
      payload: {},
    };
    const id = deviceId(claims, deviceProof(secret))!;
    if (this.ledger.refusal(claims, id) !== undefined) {
      expect(
        this.endedDevices.get(id),
        'only a device that was signed out is refused',
      ).toBeGreaterThanOrEqual(claims.iat! * 1000);
      return;
    }
    const session = {
      claims,
      socket: { remoteAddress: '10.0.0.1' },
      device: { id: () => id, name: 'Said\u0000 name', platform: '' },
      tick() {},
      recheck: () => {
        if (this.ledger.refusal(claims, id) !== undefined) this.end(session);
      },
    } as unknown as Session;
    this.sessions.add(session);
    this.sessions.identified(session, undefined);
    this.devices.identified(session);
    this.open.set(session, { user, id });
    this.used.set(jti, { claims, id });
    const of = this.model.get(user) ?? new Map<string, Known>();
    this.model.set(user, of);
    const now = clock.now();
    const known = of.get(id) ?? { given: '', firstSeen: now, lastSeen: now, since: now, sessions: new Set() };
    if (known.sessions.size === 0) known.since = now;
    known.sessions.add(session);
    known.lastSeen = now;
    of.set(id, known);
    while (of.size > maxDevices) {
      const others = [...of].filter(([other]) => other !== id);
      const offline = others.filter(([, { sessions }]) => sessions.size === 0);
      const [oldest] = (offline.length > 0 ? offline : others).sort(
        ([, a], [, b]) =>
          (a.sessions.size === 0 ? a.lastSeen : a.since) - (b.sessions.size === 0 ? b.lastSeen : b.since),
      );
      of.delete(oldest![0]);
    }
  }

  end(session: Session): void {
    const place = this.open.get(session);
    if (place === undefined) return;
    this.open.delete(session);
    this.sessions.remove(session);
    this.devices.ended(session);
    const known = this.model.get(place.user)?.get(place.id);
    if (known?.sessions.delete(session) === true) known.lastSeen = this.clock.now();
  }

  async rename(user: string, id: string): Promise<void> {
    const name = this.random.pick(['', ' Kitchen\u202e\n tablet ', 'x'.repeat(500)]);
    await this.devices.renameFor(user, id, name);
    this.model.get(user)!.get(id)!.given = name.startsWith('x')
      ? 'x'.repeat(maxDeviceTextLength)
      : name === ''
        ? ''
        : 'Kitchen tablet';
  }

  async signOut(user: string, id: string): Promise<void> {
    const tokens = [...this.used.values()].filter((one) => one.id === id).slice(-1);
    await this.devices.endDevice(user, id);
    expect(
      [...this.open.values()].filter((one) => one.id === id),
      'nobody stays on it',
    ).toEqual([]);
    for (const { claims } of tokens) this.endedTokens.add(claims.jti!);
    this.endedDevices.set(id, this.clock.now());
    this.model.get(user)!.delete(id);
  }

  async restart(): Promise<void> {
    for (const session of Array.from(this.open.keys())) this.end(session);
    await this.devices.close();
    this.sessions.close();
    await this.start();
  }

  /** All of the last two minutes may be lost, so nothing has happened in them. */
  async crash(): Promise<void> {
    this.clock.advance(61_000);
    await settled();
    this.clock.advance(61_000);
    await settled();
    const now = this.clock.now();
    this.open.clear();
    this.sessions.close();
    await this.start();
    for (const [user, of] of this.model)
      for (const { id, lastSeen } of await this.devices.listFor(user)) {
        const known = of.get(id)!;
        const isCut = known.sessions.size > 0;
        known.sessions.clear();
        if (!isCut) continue;
        expect(lastSeen, 'of a device that was connected').toBeGreaterThanOrEqual(now - 7 * 60_000);
        known.lastSeen = lastSeen;
      }
  }

  async check(): Promise<void> {
    for (const user of users) {
      const list = await this.devices.listFor(user);
      const of = this.model.get(user) ?? new Map<string, Known>();
      expect(list.map(({ id }) => id).sort(), user).toEqual([...of.keys()].sort());
      for (const { id, name, online, since, firstSeen, lastSeen } of list) {
        const known = of.get(id)!;
        const isOnline = known.sessions.size > 0;
        expect({ name, online, since, firstSeen }).toEqual({
          name: known.given || 'Said name',
          online: isOnline,
          since: isOnline ? known.since : undefined,
          firstSeen: known.firstSeen,
        });
        expect(lastSeen).toBe(isOnline ? this.clock.now() : known.lastSeen);
      }
    }
    for (const jti of this.endedTokens) {
      const { claims, id } = this.used.get(jti)!;
      expect(this.ledger.refusal(claims), `${jti} anywhere`).toMatchObject({ code: 'TOKEN_REVOKED' });
      expect(this.ledger.refusal(claims, id), `${jti} there`).toMatchObject({ code: 'TOKEN_REVOKED' });
    }
    for (const [id, at] of this.endedDevices) {
      const sub = [...this.used.values()].find((one) => one.id === id)!.claims.sub;
      const unseen: Claims = {
        sub,
        iat: Math.floor(at / 1000) - 1,
        exp: undefined,
        jti: 'unseen',
        sid: undefined,
        payload: {},
      };
      expect(this.ledger.refusal(unseen, id), 'a token of before, on that device').toBeDefined();
      expect(this.ledger.refusal(unseen, 'another'), 'the same on another').toBeUndefined();
    }
  }
}
