// What is to change in a document when a session ends, and its bytes as the store keeps them: JSON, with a version.

import { checkOperation, type Operation } from '../../shared/operation.js';
import type { Claims } from '../../shared/permission.js';

/** What is to happen in one document. */
export interface KeptOperations {
  /** Of the token that the session had last. */
  readonly claims: Claims;
  /** As of DeviceSigns. */
  readonly deviceId: string | undefined;
  readonly operations: readonly Operation[];
  /** The session has ended. */
  readonly hasEnded: boolean;
  /** The change, once it has been computed; what the document lacks of it is to be offered. */
  readonly update: Uint8Array | undefined;
}

const version = 1;

interface Stored {
  readonly version: typeof version;
  readonly claims: Claims;
  readonly deviceId?: string;
  readonly operations: readonly Operation[];
  readonly hasEnded: boolean;
  /** Base64. */
  readonly update?: string;
}

export function encodeKept({ claims, deviceId, operations, hasEnded, update }: KeptOperations): Uint8Array {
  const encoded = update === undefined ? {} : { update: Buffer.from(update).toString('base64') };
  const device = deviceId === undefined ? {} : { deviceId };
  const stored: Stored = { version, claims, ...device, operations, hasEnded, ...encoded };
  return Buffer.from(JSON.stringify(stored));
}

/** Undefined for what is damaged, or of a later version. */
export function decodeKept(bytes: Uint8Array): KeptOperations | undefined {
  try {
    const { claims, deviceId, ...stored } = JSON.parse(Buffer.from(bytes).toString()) as Stored;
    if (stored.version !== version) return undefined;
    const operations = stored.operations.map((one) => checkOperation(one) as Operation);
    const update =
      stored.update === undefined ? undefined : new Uint8Array(Buffer.from(stored.update, 'base64'));
    return { claims, deviceId, operations, hasEnded: stored.hasEnded, update };
  } catch {
    return undefined;
  }
}

/** What counts in the limits: a longer token must not be what a weaker one is refused for. */
export function sizeOf(operations: readonly Operation[]): number {
  return JSON.stringify(operations).length;
}
