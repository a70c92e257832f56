// The devices of users: which there are, which are connected, and what their user does about them. Owns the users whose devices
// somebody needs now: one who is connected, watches or asks, or of whom something is to be written.

import type { Clock, Timer } from '../../shared/clock.js';
import { deviceText, type Device } from '../../shared/device.js';
import { SyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';
import type { Logger } from '../../shared/logger.js';
import type { AccessLedger } from '../auth/access-ledger.js';
import { refusalOf } from '../errors.js';
import type { DeviceSession, SessionDevices } from '../session/session-devices.js';
import type { SessionRegistry } from '../session/session-registry.js';
import { TokenBucket } from '../session/token-bucket.js';
import type { DocumentStore } from '../store/store.js';
import { decodeDevices, devicesKey, encodeDevices, type DeviceRecord } from './device-record.js';
import { DeviceWrites, type Writable } from './device-writes.js';
import { OldDevices } from './old-devices.js';
import { issuedUpTo, lastExpiry } from './ruling-times.js';
import { UserDevices } from './user-devices.js';

export interface DevicesDeps {
  readonly store: Pick<DocumentStore, 'getState' | 'setStates' | 'listState'>;
  readonly ledger: AccessLedger;
  readonly sessions: SessionRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: Pick<Limits, 'maxDevicesPerUser' | 'maxDeviceDays'>;
  /** No token lives longer; undefined: nobody knows. */
  readonly maxTokenLifeS?: number | undefined;
}

/** What the devices of one user may ask for at once; one more every so often. */
const maxAsked = 60;
const askEveryMs = 1_000;
/** Changes that come close behind each other are told once. */
const tellAfterMs = 100;
/** After a crash, a device that was connected was last seen so long before it at most. What could not be read is read again as often. */
const oftenMs = 5 * 60_000;

/** A user whose devices are in memory, or about to be. */
interface Loaded extends Writable {
  readonly user: string;
  /** Rejects with SyncError when they cannot be read. */
  readonly devices: Promise<UserDevices>;
  known: UserDevices | undefined;
  readonly watchers: Set<(devices: readonly Device[]) => void>;
  telling: Timer | undefined;
  /** Sessions that are on one of the devices, and questions under way. */
  uses: number;
}

/** Where a session is. */
interface Place {
  readonly of: Loaded;
  readonly id: string;
}

export class Devices implements SessionDevices {
  readonly #deps: DevicesDeps;
  /** By the key of their devices in the store. */
  readonly #users = new Map<string, Loaded>();
  readonly #places = new Map<DeviceSession, Place>();
  readonly #writes: DeviceWrites<Loaded>;
  readonly #old: OldDevices;
  /** What users have asked for in the last minutes. Kept for longer than their devices: a user may be on none. */
  readonly #asked = new Map<string, TokenBucket>();
  /** Sessions of users whose devices could not be read. */
  readonly #unread = new Set<DeviceSession>();
  readonly #often: Timer;

  constructor(deps: DevicesDeps) {
    this.#deps = deps;
    const { store, clock, logger } = deps;
    this.#writes = new DeviceWrites<Loaded>({
      setStates: (changes) => store.setStates(changes),
      clock,
      logger,
      written: (one) => this.#letGo(one),
    });
    this.#old = new OldDevices({
      store,
      clock,
      logger,
      maxDays: deps.limits.maxDeviceDays,
      inTurn: (write) => this.#writes.inTurn(write),
      isInMemory: (key) => this.#users.has(key),
    });
    this.#often = clock.every(oftenMs, () => this.#look());
  }

  identified(session: DeviceSession): void {
    this.#unread.delete(session);
    const { claims } = session;
    const id = claims === undefined ? undefined : session.device.id(claims);
    const place = this.#places.get(session);
    if (place !== undefined && place.id !== id) this.ended(session);
    if (claims?.sub === undefined || id === undefined) return;
    const of = place?.id === id ? place.of : this.#use(claims.sub);
    const here = place?.id === id ? place : { of, id };
    this.#places.set(session, here);
    void this.#enter(session, here);
  }

  ended(session: DeviceSession): void {
    this.#unread.delete(session);
    const place = this.#places.get(session);
    if (place === undefined) return;
    this.#places.delete(session);
    const { of, id } = place;
    of.uses--;
    if (of.known?.leave(id, session, this.#deps.clock.now()) === true) this.#changed(of);
    this.#letGo(of);
  }

  async list(user: string): Promise<readonly Device[]> {
    this.#count(user);
    return this.listFor(user);
  }

  async rename(user: string, device: string, name: string): Promise<void> {
    this.#count(user);
    return this.renameFor(user, device, name);
  }

  async signOut(user: string, device: string): Promise<void> {
    this.#count(user);
    await this.endDevice(user, device);
  }

  /** For an operator, here and below: not counted. */
  listFor(user: string): Promise<readonly Device[]> {
    return this.#ask(user, async (_of, devices) => devices.list(this.#deps.clock.now()));
  }

  renameFor(user: string, device: string, name: string): Promise<void> {
    return this.#ask(user, async (of, devices) => {
      const before = find(devices, device).given;
      const given = deviceText(name);
      devices.rename(device, given);
      try {
        await this.#write(of);
      } catch (error) {
        // Somebody else may have given it another name, or signed it out, meanwhile.
        if (devices.record(device)?.given === given) devices.rename(device, before);
        throw error;
      }
    });
  }

  /** Returns how many connections were open that it concerns. */
  endDevice(user: string, device: string): Promise<number> {
    return this.#ask(user, async (of, devices) => {
      const { ledger, sessions, clock, maxTokenLifeS } = this.#deps;
      const { sids, jtis } = find(devices, device);
      const at = issuedUpTo({ sub: user }, sessions, clock);
      const until = lastExpiry(at, maxTokenLifeS);
      await ledger.signOut({ kind: 'signed-out', user, device, sids, jtis, at, until });
      const ending = sessions
        .find({ sub: user })
        .filter(
          ({ claims, device: signs }) => claims && ledger.refusal(claims, signs.id(claims)) !== undefined,
        );
      for (const session of ending) session.recheck();
      devices.forget(device);
      // It is out by now, whatever becomes of the list.
      await this.#write(of).catch((err: unknown) =>
        this.#deps.logger.warn({ sub: user, err }, 'a device that was signed out stays in the list for now'),
      );
      return ending.length;
    });
  }

  /** It is not remembered any more. Nothing ends by that: when it connects again, it is a new one. */
  forget(user: string, device: string): Promise<void> {
    return this.#ask(user, async (of, devices) => {
      find(devices, device);
      devices.forget(device);
      await this.#write(of);
    });
  }

  watch(user: string, hear: (devices: readonly Device[]) => void): () => void {
    const of = this.#use(user);
    of.watchers.add(hear);
    return () => {
      if (!of.watchers.delete(hear)) return;
      of.uses--;
      this.#letGo(of);
    };
  }

  /** To be called when no session is left. Never rejects; what was seen is written when it resolves, where the store takes it. */
  async close(): Promise<void> {
    this.#often.cancel();
    this.#old.close();
    for (const { telling } of this.#users.values()) telling?.cancel();
    await this.#writes.close();
  }

  async #enter(session: DeviceSession, place: Place): Promise<void> {
    const { of, id } = place;
    let devices: UserDevices;
    try {
      devices = await of.devices;
    } catch (err) {
      this.#deps.logger.warn({ sub: of.user, err }, 'the devices of a user cannot be read');
      if (this.#places.get(session) !== place) return;
      this.ended(session);
      this.#unread.add(session);
      return;
    }
    const { claims, socket, device } = session;
    // It may have ended meanwhile, or be about to, as one that was signed out.
    if (this.#places.get(session) !== place || claims === undefined) return;
    if (this.#deps.ledger.refusal(claims, id) !== undefined) return;
    const { remoteAddress: address } = socket;
    const { sid, jti } = claims;
    const [name, platform] = [deviceText(device.name), deviceText(device.platform)];
    devices.enter(id, session, { name, platform, address, sid, jti }, this.#deps.clock.now());
    this.#changed(of);
  }

  /** What is done with a user's devices: one after the other where it waits for the store. */
  async #ask<T>(user: string, act: (of: Loaded, devices: UserDevices) => Promise<T>): Promise<T> {
    const of = this.#use(user);
    try {
      return await act(of, await of.devices);
    } finally {
      of.uses--;
      this.#letGo(of);
    }
  }

  /** One of the user's devices asks. Throws SyncError RATE_LIMITED. */
  #count(user: string): void {
    const asked = this.#asked.get(user) ?? new TokenBucket(this.#deps.clock, maxAsked, askEveryMs);
    this.#asked.set(user, asked);
    if (!asked.take()) throw new SyncError('RATE_LIMITED', 'too much was asked about devices');
  }

  /** Now and then: what is still so is written, what could not be read is read again, and who has not asked for long is forgotten. */
  #look(): void {
    for (const one of this.#users.values()) if (one.known?.hasOnline === true) this.#writes.mark(one);
    for (const session of Array.from(this.#unread)) this.identified(session);
    for (const [user, asked] of this.#asked) if (asked.isFull) this.#asked.delete(user);
  }

  async #write(of: Loaded): Promise<void> {
    this.#tell(of);
    try {
      await this.#writes.now(of);
    } catch (error) {
      this.#writes.mark(of);
      this.#tell(of);
      throw refusalOf(error);
    }
  }

  #changed(of: Loaded): void {
    this.#writes.mark(of);
    this.#tell(of);
  }

  #tell(of: Loaded): void {
    if (of.watchers.size === 0) return;
    of.telling ??= this.#deps.clock.after(tellAfterMs, () => {
      of.telling = undefined;
      const list = of.known?.list(this.#deps.clock.now()) ?? [];
      for (const hear of of.watchers) hear(list);
    });
  }

  #use(user: string): Loaded {
    const key = devicesKey(user);
    const of = this.#users.get(key) ?? this.#load(user, key);
    of.uses++;
    return of;
  }

  #load(user: string, key: string): Loaded {
    const { clock, store, limits } = this.#deps;
    const read = store.getState(key).then(
      (bytes) =>
        new UserDevices(this.#remembered(user, this.#decoded(user, bytes)), limits.maxDevicesPerUser),
      (error: unknown) => {
        // Whoever comes next tries again.
        if (this.#users.get(key) === of) this.#users.delete(key);
        throw refusalOf(error);
      },
    );
    const of: Loaded = {
      user,
      key,
      devices: read.then((devices) => (of.known = devices)),
      known: undefined,
      watchers: new Set(),
      telling: undefined,
      uses: 0,
      encode: () => encodeDevices(of.known?.records(clock.now()) ?? []),
    };
    of.devices.catch(() => {}); // Told to whoever asks.
    this.#users.set(key, of);
    return of;
  }

  /** Without those that are old, and those that were signed out right before a crash, so that the list was not written any more. */
  #remembered(user: string, devices: readonly DeviceRecord[]): readonly DeviceRecord[] {
    const { ledger } = this.#deps;
    return this.#old.withoutOld(devices).filter(({ id, lastSeen }) => {
      const at = ledger.signedOutAt(user, id);
      return at === undefined || lastSeen > at;
    });
  }

  /** What is damaged counts as nothing: devices are listed again as they come. */
  #decoded(user: string, bytes: Uint8Array | undefined): readonly DeviceRecord[] {
    try {
      return decodeDevices(bytes);
    } catch (err) {
      this.#deps.logger.warn({ sub: user, err }, 'the devices of a user are damaged, and begin anew');
      return [];
    }
  }

  #letGo(of: Loaded): void {
    if (of.uses > 0 || this.#writes.isOwing(of) || this.#users.get(of.key) !== of) return;
    of.telling?.cancel();
    this.#users.delete(of.key);
  }
}

/** Throws SyncError DEVICE_UNKNOWN. */
function find(devices: UserDevices, id: string): DeviceRecord {
  const record = devices.record(id);
  if (record === undefined) throw new SyncError('DEVICE_UNKNOWN', 'the user has no such device');
  return record;
}
