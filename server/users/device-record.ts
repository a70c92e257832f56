// What the store keeps of the devices of one user, and its bytes: JSON, with a version. Pure: knows no store and no clock.

import { hash } from 'node:crypto';

/** A device as it is kept. Times are ms since the epoch. */
export interface DeviceRecord {
  readonly id: string;
  /** As the user calls it; '' where the user has given it no name. */
  readonly given: string;
  /** As its application says. */
  readonly said: string;
  readonly platform: string;
  readonly address: string;
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** The claims `sid` and `jti` of tokens that were used on it, the last ones: what ends with it when it is signed out. */
  readonly sids: readonly string[];
  readonly jtis: readonly string[];
}

/** Of each kind, the newest are kept. A device has one token in use, and others that have not expired while it gets new ones. */
const maxTokens = 8;

/** With another one; the newest is the last. */
export function withToken(known: readonly string[], used: string | undefined): readonly string[] {
  if (used === undefined || known.at(-1) === used) return known;
  return [...known.filter((other) => other !== used), used].slice(-maxTokens);
}

/** Keys of users' devices in the store begin with this. */
export const devicesPrefix = 'devices/';

export function devicesKey(user: string): string {
  return devicesPrefix + hash('sha256', user, 'base64url');
}

const version = 1;

/** Undefined for no devices: then nothing is kept. */
export function encodeDevices(devices: readonly DeviceRecord[]): Uint8Array | undefined {
  if (devices.length === 0) return undefined;
  return new TextEncoder().encode(JSON.stringify({ version, devices }));
}

/** Throws TypeError for what `encodeDevices` has not written. */
export function decodeDevices(bytes: Uint8Array | undefined): readonly DeviceRecord[] {
  if (bytes === undefined) return [];
  const read = readJson(bytes);
  const { version: written, devices } = read as { version?: unknown; devices?: unknown };
  if (written !== version || !Array.isArray(devices) || !devices.every(isRecord))
    throw new TypeError('stored devices cannot be read');
  return devices;
}

function readJson(bytes: Uint8Array): object {
  try {
    const read: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof read === 'object' && read !== null) return read;
  } catch (cause) {
    throw new TypeError('stored devices cannot be read', { cause });
  }
  throw new TypeError('stored devices cannot be read');
}

const texts = ['id', 'given', 'said', 'platform', 'address'] as const;
const times = ['firstSeen', 'lastSeen'] as const;
const lists = ['sids', 'jtis'] as const;

function isRecord(value: unknown): value is DeviceRecord {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Record<string, unknown>;
  const isText = (one: unknown): boolean => typeof one === 'string';
  const isTextList = (one: unknown): boolean => Array.isArray(one) && one.every(isText);
  return (
    texts.every((name) => isText(record[name])) &&
    times.every((name) => typeof record[name] === 'number') &&
    lists.every((name) => isTextList(record[name]))
  );
}
