// What the connections of each address count for, and how many an address may have (O4, O5). A stranger is a connection
// whose token is not believed yet. Owns the counts. Knows nothing of sockets.

import type { Clock } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';

/** The limits that are held here. */
export type AddressLimits = Pick<
  Limits,
  | 'maxConnectionsPerAddress'
  | 'maxHttpPerAddress'
  | 'maxHandshakesPerAddress'
  | 'maxUnknownPerAddress'
  | 'maxHttpUnknownPerAddress'
  | 'maxUnknownConnections'
  | 'maxUnknownBytes'
  | 'maxUnknownMs'
>;

/** A connection that was not let in. `status` is that of the HTTP answer. */
export interface Refusal {
  readonly status: 429 | 503;
  readonly reason: string;
}

/** Handshakes are counted over so long, ms. */
const windowMs = 10_000;
/** So long after the last believed token of an address, the address counts as known, ms. */
const knownMs = 3_600_000;
/** An address may have so many strangers with large messages at once, however often they were needed. */
const maxRoomyStrangers = 8;
/** With so many strangers that may send large messages there is no room for one of an unknown address. */
const maxRoomyUnknown = 8;
/** Addresses without connections that are remembered; above it those that were left first are forgotten. */
const maxRemembered = 20_000;
/** Of an address, once half of all places for strangers are taken: so nobody takes the other half alone. */
const fairStrangers = 16;

/** What is known of one address. */
class Address {
  readonly connections = { websocket: 0, http: 0 };
  readonly strangers = { websocket: 0, http: 0 };
  /** Strangers that may send large messages. */
  roomyStrangers = 0;
  /** How many there may be at once. 0: no token from this address was believed in the last hour. */
  maxRoomy = 0;
  knownUntil = Number.NEGATIVE_INFINITY;
  windowSince = Number.NEGATIVE_INFINITY;
  handshakes = 0;

  get isEmpty(): boolean {
    return this.connections.websocket + this.connections.http === 0;
  }
}

/**
 * The place that one connection takes at its address. stranger: its token is not believed yet. believed: its token is.
 * gone: the connection has ended and counts for nothing.
 *
 * | state    | believe                        | outgrow                 | leave   |
 * | -------- | ------------------------------ | ----------------------- | ------- |
 * | stranger | believed; the address is known | nothing                 | gone    |
 * | believed | nothing                        | one roomy stranger more | gone    |
 * | gone     | nothing                        | nothing                 | nothing |
 */
export class Seat {
  readonly #owner: Addresses;
  readonly #name: string;
  readonly #address: Address;
  readonly #kind: 'websocket' | 'http';
  #state: 'stranger' | 'believed' | 'gone' = 'stranger';
  #isRoomy = false;
  /** Bytes that the client sent while it was a stranger. */
  #heardBytes = 0;

  constructor(owner: Addresses, of: { name: string; address: Address; kind: 'websocket' | 'http' }) {
    this.#owner = owner;
    this.#name = of.name;
    this.#address = of.address;
    this.#kind = of.kind;
    this.#address.connections[this.#kind]++;
    this.#countStranger(1);
  }

  /** What it may cost while it is a stranger. */
  get limits(): Pick<AddressLimits, 'maxUnknownBytes' | 'maxUnknownMs'> {
    return this.#owner.strangerLimits;
  }

  get isStranger(): boolean {
    return this.#state === 'stranger';
  }

  /** Counts what a stranger sends. Returns false when that is too much, which ends the connection. */
  hear(bytes: number): boolean {
    if (this.#state !== 'stranger') return true;
    this.#heardBytes += bytes;
    return this.#heardBytes <= this.limits.maxUnknownBytes;
  }

  /**
   * Asks once, before the connection opens, whether it may send messages up to the full limit from the start. `hasToken`:
   * it brings a token that is about to be checked.
   */
  takeRoom(hasToken: boolean): boolean {
    if (this.#state !== 'stranger') return true;
    if (!this.#owner.hasRoom(this.#address, hasToken)) return false;
    this.#isRoomy = true;
    this.#countRoomy(1);
    return true;
  }

  /** The token of the connection is believed. Returns false when it was before, or the connection is gone. */
  believe(): boolean {
    if (this.#state !== 'stranger') return false;
    this.#state = 'believed';
    this.#countStranger(-1);
    this.#owner.believed(this.#address);
    return true;
  }

  /**
   * A believed connection that had begun as a stranger had a message too large for that: it will come back, and its
   * address may have one more stranger that sends large messages.
   */
  outgrow(): void {
    if (this.#state !== 'believed') return;
    this.#owner.believed(this.#address);
    this.#address.maxRoomy = Math.min(this.#address.maxRoomy + 1, maxRoomyStrangers);
  }

  /** The connection has ended. */
  leave(): void {
    if (this.#state === 'gone') return;
    if (this.#state === 'stranger') this.#countStranger(-1);
    this.#state = 'gone';
    this.#address.connections[this.#kind]--;
    this.#owner.left(this.#name, this.#address);
  }

  #countStranger(change: 1 | -1): void {
    this.#address.strangers[this.#kind] += change;
    this.#owner.strangers += change;
    if (this.#isRoomy) this.#countRoomy(change);
  }

  #countRoomy(change: 1 | -1): void {
    this.#address.roomyStrangers += change;
    this.#owner.roomyStrangers += change;
  }
}

/** What ends a stranger that has sent more than is held of one. Its client may come back: its token may be good. */
export function tooMuchOfStranger(): SyncError {
  return new SyncError('RATE_LIMITED', 'too much was sent before the token was checked');
}

/** What counts as one address: whoever has one address in IPv6 has the 2^64 of its network. */
function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const all = [...groups, ...Array<string>(Math.max(0, missing)).fill('0'), ...(tail ?? '').split(':')];
  return `${all.slice(0, 4).join(':')}::/64`;
}

export class Addresses {
  readonly #clock: Clock;
  readonly #limits: AddressLimits;
  /** With connections. */
  readonly #addresses = new Map<string, Address>();
  /** Without, the one that was left first first. */
  readonly #resting = new Map<string, Address>();
  /** Of all addresses together. */
  strangers = 0;
  roomyStrangers = 0;

  constructor(clock: Clock, limits: AddressLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** What a stranger may cost: bytes that are held of it, and time. */
  get strangerLimits(): Pick<AddressLimits, 'maxUnknownBytes' | 'maxUnknownMs'> {
    return this.#limits;
  }

  /** A new connection of this address, or why the address may not have it now. */
  admit(clientAddress: string, kind: 'websocket' | 'http'): Seat | Refusal {
    const name = networkOf(clientAddress);
    const address = this.#of(name);
    const refusal = this.#refusal(address, kind);
    if (refusal !== undefined) {
      this.left(name, address);
      return refusal;
    }
    return new Seat(this, { name, address, kind });
  }

  /**
   * For Seat: whether one more stranger of this address may send large messages. At a known address there are as many as
   * were needed; elsewhere one that brings a token, as long as there are few altogether: a false token is refused in a
   * moment.
   */
  hasRoom(address: Address, hasToken: boolean): boolean {
    if (this.#isKnown(address)) return address.roomyStrangers < address.maxRoomy;
    return hasToken && address.roomyStrangers === 0 && this.roomyStrangers < maxRoomyUnknown;
  }

  /** For Seat. */
  believed(address: Address): void {
    if (!this.#isKnown(address)) address.maxRoomy = 1;
    address.knownUntil = this.#clock.monotonic() + knownMs;
  }

  /** For Seat: an address without connections is remembered for a while, for its handshakes and its beliefs. */
  left(name: string, address: Address): void {
    if (!address.isEmpty) return;
    this.#addresses.delete(name);
    this.#resting.set(name, address);
    const [first] = this.#resting.keys();
    if (this.#resting.size > maxRemembered && first !== undefined) this.#resting.delete(first);
  }

  #refusal(address: Address, kind: 'websocket' | 'http'): Refusal | undefined {
    const limits = this.#limits;
    if (this.#handshakes(address) > limits.maxHandshakesPerAddress)
      return { status: 429, reason: 'too many connections were opened from this address' };
    const { websocket, http } = address.connections;
    if (websocket + http >= limits.maxConnectionsPerAddress)
      return { status: 503, reason: 'too many connections from this address' };
    if (kind === 'http' && http >= limits.maxHttpPerAddress)
      return { status: 503, reason: 'too many connections over HTTP from this address' };
    if (address.strangers[kind] >= this.#maxStrangers(kind) || this.strangers >= limits.maxUnknownConnections)
      return { status: 503, reason: 'too many connections whose tokens are not checked yet' };
    return undefined;
  }

  /** How many strangers of this kind an address may have now. */
  #maxStrangers(kind: 'websocket' | 'http'): number {
    const { maxHttpUnknownPerAddress, maxUnknownPerAddress, maxUnknownConnections } = this.#limits;
    const most = kind === 'http' ? maxHttpUnknownPerAddress : maxUnknownPerAddress;
    return this.strangers < maxUnknownConnections / 2 ? most : Math.min(most, fairStrangers);
  }

  #handshakes(address: Address): number {
    const now = this.#clock.monotonic();
    if (now - address.windowSince >= windowMs) {
      address.windowSince = now;
      address.handshakes = 0;
    }
    return ++address.handshakes;
  }

  #isKnown(address: Address): boolean {
    return this.#clock.monotonic() < address.knownUntil;
  }

  #of(name: string): Address {
    const address = this.#addresses.get(name) ?? this.#resting.get(name) ?? new Address();
    this.#resting.delete(name);
    this.#addresses.set(name, address);
    return address;
  }
}
