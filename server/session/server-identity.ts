// What a server tells its clients of itself: its name, its run, and what they must keep to.

import { randomBytes } from 'node:crypto';
import type { Limits } from '../../shared/limits.js';
import { usualLimits, type ServerLimits } from '../../shared/native/messages.js';
import type { DocumentStore } from '../store/store.js';

export interface ServerIdentity {
  /** The same as long as the server has its store, also after a restore from a backup. */
  readonly server: string;
  /** Another each time the server starts. */
  readonly run: string;
}

const serverKey = 'server-id';

/** The name that the store remembers; a new one, which is stored, where it has none. Rejects with StoreError. */
export async function serverIdentity(store: DocumentStore): Promise<ServerIdentity> {
  const stored = await store.getState(serverKey);
  const server = stored === undefined ? newName() : new TextDecoder().decode(stored);
  if (stored === undefined) await store.setState(serverKey, new TextEncoder().encode(server));
  return { server, run: newName() };
}

/** 64 random bits, in 11 characters. */
function newName(): string {
  return randomBytes(8).toString('base64url');
}

/** A frame with one update has this many bytes more than the update, at most. */
const frameOverheadBytes = 64;

/** The limits of this server that a client could not guess. */
export function unusualLimits(limits: Limits): Readonly<Record<string, number>> {
  const own = Object.entries(serverLimits(limits)) as [keyof ServerLimits, number][];
  return Object.fromEntries(own.filter(([name, value]) => value !== usualLimits[name]));
}

/** The limits that a client must know to be taken. */
function serverLimits(limits: Limits): ServerLimits {
  const { maxMessageBytes, maxDocumentBytes, maxAwarenessBytes, maxKeyBytes, maxNesting } = limits;
  return {
    maxMessageBytes,
    maxUpdateBytes: Math.max(0, Math.min(maxMessageBytes - frameOverheadBytes, maxDocumentBytes)),
    maxDocumentBytes,
    maxDocuments: limits.maxDocumentsPerConnection,
    maxAwarenessBytes,
    maxKeyBytes,
    maxNesting,
    maxValues: limits.maxValuesPerUpdate,
  };
}
