// What an application or an operator does about users who are connected (A6): writes it into the ledger, and then has the
// sessions that it concerns looked at. Owns the timer at which rulings end.

import type { Clock, Timer } from '../../shared/clock.js';
import { dayMs } from '../../shared/daily.js';
import type { Device } from '../../shared/device.js';
import { SyncError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logger.js';
import { accesses, type Access } from '../../shared/permission.js';
import { maxAccessPerUser, type AccessLedger } from '../auth/access-ledger.js';
import { maxPatternLength, readGrants } from '../../shared/grants.js';
import { notWeaker, type Ruling } from '../auth/rulings.js';
import type { SessionRegistry } from '../session/session-registry.js';
import type { Whose } from '../session/session-index.js';
import { staleToken } from '../session/stale-token.js';
import type { Devices } from './devices.js';
import { issuedUpTo, lastExpiry } from './ruling-times.js';
import type { Pushed, Revocation, UserControl } from './user-control.js';

export interface UsersDeps {
  readonly ledger: AccessLedger;
  readonly sessions: SessionRegistry;
  readonly devices: Devices;
  readonly clock: Clock;
  readonly logger: Logger;
  /** No token lives longer; undefined: nobody knows. */
  readonly maxTokenLifeS?: number | undefined;
}

/** Characters of a claim. */
const maxNameLength = 1_024;
/** Node's timers reach no further than 2^31 ms. */
const longestTimerMs = dayMs;

export class Users implements UserControl {
  readonly #deps: UsersDeps;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(deps: UsersDeps) {
    this.#deps = deps;
    deps.ledger.onWritten = () => this.#plan();
    this.#plan();
  }

  async refresh(user: string): Promise<Pushed> {
    checkName('user', user);
    const whose = { sub: user };
    const at = this.#nowFor(whose);
    await this.#rule({ kind: 'refresh', user, at, until: this.#usualEnd(at) });
    const found = this.#deps.sessions.find(whose);
    for (const session of found) session.wantToken(staleToken());
    return this.#done('refresh', found.length);
  }

  async revoke(
    whose: Revocation,
    { expiresAt }: { readonly expiresAt?: number | undefined } = {},
  ): Promise<Pushed> {
    const of = whoseOf(whose);
    if (expiresAt !== undefined && !(Number.isFinite(expiresAt) && expiresAt > 0))
      throw malformed('expiresAt is a time in seconds since the epoch');
    const stated = expiresAt === undefined ? undefined : expiresAt * 1000;
    await this.#rule(this.#revocation(whose, this.#nowFor(of), stated));
    return this.#done('revoke', this.#recheck(of));
  }

  async setAccess(
    user: string,
    documentPattern: string,
    access: Access | null,
    { forS }: { readonly forS?: number | undefined } = {},
  ): Promise<Pushed> {
    checkName('user', user);
    const pattern = readPattern(documentPattern);
    if (access !== null && !accesses.includes(access))
      throw malformed('access is none, read, comment, write or null');
    if (forS !== undefined && !(Number.isFinite(forS) && forS > 0))
      throw malformed('forS is a number of seconds');
    const { ledger, clock } = this.#deps;
    const whose = { sub: user };
    const at = this.#nowFor(whose);
    const until = forS === undefined ? this.#usualEnd(at) : clock.now() + forS * 1000;
    const about = { kind: 'access', user, pattern, at, until, isForEveryToken: forS !== undefined } as const;
    await ledger.write(() => {
      const before = ledger.like({ ...about, access: 'none', order: 0 });
      if (access === null) return before === undefined ? {} : { remove: before };
      if (before === undefined && ledger.accessCount(user) >= maxAccessPerUser)
        throw new SyncError(
          'RATE_LIMITED',
          `access is set for ${maxAccessPerUser} patterns of this user already`,
        );
      return { put: { ...about, access, order: ledger.nextOrder() } };
    });
    return this.#done('setAccess', this.#recheck(whose));
  }

  async devices(user: string): Promise<readonly Device[]> {
    checkName('user', user);
    return this.#deps.devices.listFor(user);
  }

  async signOutDevice(user: string, device: string): Promise<Pushed> {
    checkName('user', user);
    checkName('device', device);
    return this.#done('signOutDevice', await this.#deps.devices.endDevice(user, device));
  }

  async renameDevice(user: string, device: string, name: string): Promise<void> {
    checkName('user', user);
    checkName('device', device);
    if (typeof name !== 'string') throw malformed('name is a text');
    await this.#deps.devices.renameFor(user, device, name);
  }

  async forgetDevice(user: string, device: string): Promise<void> {
    checkName('user', user);
    checkName('device', device);
    await this.#deps.devices.forget(user, device);
  }

  /** Nothing ends by itself any more. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #revocation(whose: Revocation, at: number, stated: number | undefined): Ruling {
    if ('token' in whose) {
      const { token } = whose;
      return { kind: 'token', token, at, until: stated ?? this.#endOf(token, at) };
    }
    const until = stated ?? this.#usualEnd(at);
    if ('device' in whose) return { kind: 'device', device: whose.device, user: whose.user, at, until };
    return { kind: 'user', user: whose.user, at, until };
  }

  /** Makes a ruling. It is not weaker than one about the same thing that was made before. */
  async #rule(made: Ruling): Promise<void> {
    const { ledger } = this.#deps;
    await ledger.write(() => {
      const before = ledger.like(made);
      return { put: before === undefined ? made : { ...made, ...notWeaker(made, before) } };
    });
  }

  #nowFor(whose: Whose): number {
    return issuedUpTo(whose, this.#deps.sessions, this.#deps.clock);
  }

  #usualEnd(at: number): number | undefined {
    return lastExpiry(at, this.#deps.maxTokenLifeS);
  }

  /** When a token that is in use expires. */
  #endOf(jti: string, at: number): number | undefined {
    const exps = this.#deps.sessions.find({ jti }).map(({ claims }) => claims?.exp);
    const last = exps.reduce<number | undefined>(
      (end, exp) => Math.max(end ?? 0, exp ?? Infinity),
      undefined,
    );
    return last === undefined || last === Infinity ? this.#usualEnd(at) : last * 1000;
  }

  #recheck(whose: Whose): number {
    const found = this.#deps.sessions.find(whose);
    for (const session of found) session.recheck();
    return found.length;
  }

  #done(what: string, sessions: number): Pushed {
    this.#deps.logger.info({ what, sessions }, 'the access of a user was changed');
    return { sessions };
  }

  /** Looks again when the next ruling is over. */
  #plan(): void {
    this.#timer?.cancel();
    const { ledger, clock } = this.#deps;
    const { nextEnd } = ledger;
    if (nextEnd === undefined || this.#isClosed) return;
    const leftMs = Math.max(0, Math.min(nextEnd - clock.now(), longestTimerMs));
    this.#timer = clock.after(leftMs, () => this.#look());
  }

  #look(): void {
    const { over, removed } = this.#deps.ledger.forget();
    removed.catch((err: unknown) =>
      this.#deps.logger.warn({ err }, 'rulings that are over stay in the store'),
    );
    const users = new Set(over.filter((one) => one.kind === 'access').map(({ user }) => user));
    for (const sub of users) this.#recheck({ sub });
    this.#plan();
  }
}

function whoseOf(whose: Revocation): Whose {
  if ('token' in whose) {
    checkName('token', whose.token);
    return { jti: whose.token };
  }
  if ('device' in whose) {
    checkName('device', whose.device);
    if (whose.user !== undefined) checkName('user', whose.user);
    return { device: whose.device, sub: whose.user };
  }
  checkName('user', whose.user);
  return { sub: whose.user };
}

function checkName(what: string, name: unknown): void {
  if (typeof name !== 'string' || name === '' || name.length > maxNameLength)
    throw malformed(`${what} is a text of 1 to ${maxNameLength} characters`);
}

/** As the claim `docs` has it. */
function readPattern(pattern: unknown): string {
  const read = readGrants([{ pattern, access: 'read' }]);
  const [grant] = read.ok ? read.grants : [];
  if (grant === undefined)
    throw malformed(`the pattern is a document name of at most ${maxPatternLength} characters, with * or **`);
  return grant.pattern;
}

function malformed(what: string): SyncError {
  return new SyncError('FRAME_MALFORMED', what);
}
