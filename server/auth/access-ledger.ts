// The ledger of rulings about tokens: what ends a token before its time, and what is stronger than its claims. The owner of
// the rulings. A ruling is durable before it counts, and it counts from the moment in which `write` resolves (A5).

import type { Clock } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import { SyncError } from '../../shared/errors.js';
import type { Access, Claims } from '../../shared/permission.js';
import { refusalOf } from '../errors.js';
import type { DocumentStore } from '../store/store.js';
import { compilePattern } from './grants.js';
import {
  decodeRuling,
  encodeRuling,
  isUpTo,
  keyOf,
  notWeaker,
  rulingPrefix,
  type AccessSet,
  type DeviceRevoked,
  type DeviceSignedOut,
  type Ruling,
  type TokenRevoked,
  type UserRefreshed,
  type UserRevoked,
} from './rulings.js';

/** Documents of one user whose access is set, by pattern. */
export const maxAccessPerUser = 200;

/**
 * Devices of one user that were signed out and are remembered one by one. When there are more, the one that was signed out first is
 * forgotten, and all tokens of the user end that were issued until then.
 */
const maxSignedOut = 64;

/** The part of the store that the ledger needs. */
export type LedgerStore = Pick<DocumentStore, 'setStates' | 'listState'>;

interface SetAccess {
  readonly ruling: AccessSet;
  readonly matches: (documentName: string) => boolean;
}

/** In place of the user, for a ruling about a device that names no user. */
const anybody = '';

export class AccessLedger {
  readonly #store: LedgerStore;
  readonly #clock: Clock;
  readonly #users = new Map<string, UserRevoked>();
  /** By device, then by user. */
  readonly #devices = new Map<string, Map<string, DeviceRevoked>>();
  /** By user, then by the device's id. */
  readonly #signedOut = new Map<string, Map<string, DeviceSignedOut>>();
  readonly #tokens = new Map<string, TokenRevoked>();
  readonly #refreshed = new Map<string, UserRefreshed>();
  /** By user; the latest first. */
  readonly #access = new Map<string, readonly SetAccess[]>();
  /** Rulings that are forgotten at some time, by their key in the store. */
  readonly #ending = new Map<string, Ruling>();
  #lastOrder = 0;
  /** Called when a ruling has been written, whoever wrote it: it may be the next to end. */
  onWritten: () => void = () => {};
  /** Settles when the last write that was asked for is over, whichever way. */
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(store: LedgerStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Reads all rulings. Rejects when the store cannot be read, and with TypeError when a ruling cannot: never guesses. */
  static async load(store: LedgerStore, clock: Clock): Promise<AccessLedger> {
    const ledger = new AccessLedger(store, clock);
    for await (const [, value] of store.listState(rulingPrefix)) ledger.#apply(decodeRuling(value));
    return ledger;
  }

  /**
   * Why the token with these claims is over: SyncError TOKEN_REVOKED. Undefined when no ruling has ended it. `deviceId`: of the device
   * that it is used on, where that is known.
   */
  refusal(claims: Claims, deviceId?: string): SyncError | undefined {
    const { sub, sid, jti } = claims;
    if (this.#isOver(sub === undefined ? undefined : this.#users.get(sub), claims))
      return new SyncError('TOKEN_REVOKED', 'the user was signed out');
    if (sid !== undefined && this.#devices.size > 0) {
      const byUser = this.#devices.get(sid);
      const isOver = (user: string): boolean => this.#isOver(byUser?.get(user), claims);
      if (isOver(anybody) || (sub !== undefined && isOver(sub)))
        return new SyncError('TOKEN_REVOKED', 'the device was signed out');
    }
    if (this.#isSignedOut(claims, deviceId))
      return new SyncError('TOKEN_REVOKED', 'the device was signed out');
    const byToken = jti === undefined ? undefined : this.#tokens.get(jti);
    if (byToken !== undefined && this.#counts(byToken))
      return new SyncError('TOKEN_REVOKED', 'the token was revoked');
    return undefined;
  }

  /** The access that was set for the bearer of these claims. Undefined: the claims say it. */
  access(claims: Claims, document: DocumentName): Access | undefined {
    const { sub } = claims;
    const set = sub === undefined ? undefined : this.#access.get(sub);
    return set?.find(
      ({ ruling, matches }) =>
        this.#counts(ruling) && (ruling.isForEveryToken || isUpTo(claims, ruling.at)) && matches(document),
    )?.ruling.access;
  }

  /** Whether the claims of this user have changed since the token was issued, as far as the server was told. */
  isStale(claims: Claims): boolean {
    const { sub } = claims;
    return this.#isOver(sub === undefined ? undefined : this.#refreshed.get(sub), claims);
  }

  /** A number for the next ruling about access. */
  nextOrder(): number {
    return ++this.#lastOrder;
  }

  /**
   * Makes a ruling durable, and lets it count. `what` is called when the writes before it are over, and gives the ruling to
   * write, or the one to remove. Rejects with SyncError when the store does not take it: then nothing has changed, unless the
   * store has written it all the same, which counts from the next start on. Rejects with what `what` throws.
   */
  write(what: () => { put?: Ruling | readonly Ruling[]; remove?: Ruling | undefined }): Promise<void> {
    const written = this.#writing.then(async () => {
      const { put: given = [], remove } = what();
      const puts = [given].flat() as readonly Ruling[];
      const changes = new Map<string, Uint8Array | undefined>();
      if (remove !== undefined) changes.set(keyOf(remove), undefined);
      for (const put of puts) changes.set(keyOf(put), encodeRuling(put));
      await this.#keep(changes);
      if (remove !== undefined) this.#drop(remove);
      for (const put of puts) this.#apply(put);
      this.onWritten();
    });
    this.#writing = written.catch(() => {});
    return written;
  }

  /** Ends the tokens of a device, as `write` does. */
  signOut(ruling: DeviceSignedOut): Promise<void> {
    return this.write(() => {
      const others = this.#signedOut.get(ruling.user);
      const same = others?.get(ruling.device);
      if (same !== undefined) return { put: joined(same, ruling) };
      if (others === undefined || others.size < maxSignedOut) return { put: ruling };
      const [first] = [...others.values()].sort((one, other) => one.at - other.at);
      const { user } = ruling;
      const before = this.#users.get(user);
      const { until } = ruling;
      const times = { at: first?.at ?? 0, until };
      const revoked = {
        kind: 'user',
        user,
        ...(before === undefined ? times : notWeaker(times, before)),
      } as const;
      return { put: [revoked, ruling], remove: first };
    });
  }

  /** When a device was signed out last, ms since the epoch; undefined where that is not known, or does not count any more. */
  signedOutAt(user: string, device: string): number | undefined {
    const ruling = this.#signedOut.get(user)?.get(device);
    return ruling !== undefined && this.#counts(ruling) ? ruling.at : undefined;
  }

  /** The ruling about the same thing that counts now. */
  like<R extends Ruling>(ruling: R): R | undefined {
    return this.#find(ruling) as R | undefined;
  }

  /** How many documents, by pattern, have their access set for this user. */
  accessCount(user: string): number {
    return this.#access.get(user)?.length ?? 0;
  }

  /** When the next ruling is over, ms since the epoch; undefined when none ends. */
  get nextEnd(): number | undefined {
    let next: number | undefined;
    for (const { until } of this.#ending.values())
      if (until !== undefined && (next === undefined || until < next)) next = until;
    return next;
  }

  /**
   * Forgets the rulings that are over. Returns them at once; the promise resolves when the store has removed them, and rejects
   * when it cannot: then they are read again at the next start, and mean nothing.
   */
  forget(): { readonly over: readonly Ruling[]; readonly removed: Promise<void> } {
    const over = [...this.#ending.values()].filter((ruling) => !this.#counts(ruling));
    for (const ruling of over) this.#drop(ruling);
    if (over.length === 0) return { over, removed: Promise.resolve() };
    const removed = this.#writing.then(() => {
      // A ruling about the same thing may have been written since.
      const gone = over.filter((ruling) => this.#find(ruling) === undefined);
      return this.#keep(new Map(gone.map((ruling) => [keyOf(ruling), undefined])));
    });
    this.#writing = removed.catch(() => {});
    return { over, removed };
  }

  async #keep(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    if (changes.size === 0) return;
    try {
      await this.#store.setStates(changes);
    } catch (error) {
      throw refusalOf(error);
    }
  }

  #isSignedOut(claims: Claims, deviceId: string | undefined): boolean {
    const { sub, sid, jti } = claims;
    if (sub === undefined || this.#signedOut.size === 0) return false;
    for (const ruling of this.#signedOut.get(sub)?.values() ?? []) {
      if (!this.#counts(ruling)) continue;
      if (jti !== undefined && ruling.jtis.includes(jti)) return true;
      const isOfDevice = ruling.device === deviceId || (sid !== undefined && ruling.sids.includes(sid));
      if (isOfDevice && isUpTo(claims, ruling.at)) return true;
    }
    return false;
  }

  #isOver(ruling: Ruling | undefined, claims: Claims): boolean {
    return ruling !== undefined && this.#counts(ruling) && isUpTo(claims, ruling.at);
  }

  #counts({ until }: Ruling): boolean {
    return until === undefined || this.#clock.now() < until;
  }

  #find(ruling: Ruling): Ruling | undefined {
    switch (ruling.kind) {
      case 'user':
        return this.#users.get(ruling.user);
      case 'device':
        return this.#devices.get(ruling.device)?.get(ruling.user ?? anybody);
      case 'signed-out':
        return this.#signedOut.get(ruling.user)?.get(ruling.device);
      case 'token':
        return this.#tokens.get(ruling.token);
      case 'refresh':
        return this.#refreshed.get(ruling.user);
      case 'access':
        return this.#access.get(ruling.user)?.find((set) => set.ruling.pattern === ruling.pattern)?.ruling;
    }
  }

  #apply(ruling: Ruling): void {
    this.#drop(ruling);
    if (ruling.until !== undefined) this.#ending.set(keyOf(ruling), ruling);
    switch (ruling.kind) {
      case 'user':
        return void this.#users.set(ruling.user, ruling);
      case 'device': {
        const byUser = this.#devices.get(ruling.device) ?? new Map<string, DeviceRevoked>();
        this.#devices.set(ruling.device, byUser.set(ruling.user ?? anybody, ruling));
        return;
      }
      case 'signed-out': {
        const byDevice = this.#signedOut.get(ruling.user) ?? new Map<string, DeviceSignedOut>();
        this.#signedOut.set(ruling.user, byDevice.set(ruling.device, ruling));
        return;
      }
      case 'token':
        return void this.#tokens.set(ruling.token, ruling);
      case 'refresh':
        return void this.#refreshed.set(ruling.user, ruling);
      case 'access': {
        this.#lastOrder = Math.max(this.#lastOrder, ruling.order);
        const set = [
          ...(this.#access.get(ruling.user) ?? []),
          { ruling, matches: compilePattern(ruling.pattern) },
        ];
        this.#access.set(
          ruling.user,
          set.sort((one, other) => other.ruling.order - one.ruling.order),
        );
      }
    }
  }

  #drop(ruling: Ruling): void {
    this.#ending.delete(keyOf(ruling));
    switch (ruling.kind) {
      case 'user':
        return void this.#users.delete(ruling.user);
      case 'device': {
        const byUser = this.#devices.get(ruling.device);
        byUser?.delete(ruling.user ?? anybody);
        if (byUser?.size === 0) this.#devices.delete(ruling.device);
        return;
      }
      case 'signed-out': {
        const byDevice = this.#signedOut.get(ruling.user);
        byDevice?.delete(ruling.device);
        if (byDevice?.size === 0) this.#signedOut.delete(ruling.user);
        return;
      }
      case 'token':
        return void this.#tokens.delete(ruling.token);
      case 'refresh':
        return void this.#refreshed.delete(ruling.user);
      case 'access': {
        const left = (this.#access.get(ruling.user) ?? []).filter(
          (set) => set.ruling.pattern !== ruling.pattern,
        );
        if (left.length === 0) this.#access.delete(ruling.user);
        else this.#access.set(ruling.user, left);
      }
    }
  }
}

/** Of each kind, in one ruling. */
const maxEnded = 64;

/** A device that was signed out before: what ended then has ended. */
function joined(before: DeviceSignedOut, now: DeviceSignedOut): DeviceSignedOut {
  const both = (one: readonly string[], other: readonly string[]): readonly string[] =>
    [...new Set([...one, ...other])].slice(-maxEnded);
  return {
    ...now,
    ...notWeaker(now, before),
    sids: both(before.sids, now.sids),
    jtis: both(before.jtis, now.jtis),
  };
}
