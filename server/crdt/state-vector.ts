// State vectors: what a peer says it has.

import type { Limits } from '../../shared/limits.js';
import { SyncError } from '../../shared/errors.js';
import { ByteReader } from './byte-reader.js';

/** Next clock by client id. */
export type StateVector = ReadonlyMap<number, number>;

/** Next clock of a client id in what somebody has; 0 when unknown. */
export type ClockOf = (client: number) => number;

export function clocksOf(stateVector: StateVector): ClockOf {
  return (client) => stateVector.get(client) ?? 0;
}

/** The update that adds nothing. Not to be written to. */
export const emptyUpdate: Uint8Array = Uint8Array.of(0, 0);

/** Throws SyncError STATE_VECTOR_INVALID: malformed, a client id twice, or more of them than a document may have. */
export function decodeStateVector(bytes: Uint8Array, limits: Limits): StateVector {
  const reader = new ByteReader();
  const clocks = new Map<number, number>();
  let count: number;
  try {
    reader.open(bytes);
    count = reader.count(2);
    if (count <= limits.maxClientsPerDocument)
      for (let i = 0; i < count; i++) clocks.set(reader.clientId(), reader.uint32());
  } catch (error) {
    throw new SyncError('STATE_VECTOR_INVALID', 'malformed', { cause: error });
  }
  if (count > limits.maxClientsPerDocument)
    throw new SyncError('STATE_VECTOR_INVALID', 'too many client ids');
  if (clocks.size !== count) throw new SyncError('STATE_VECTOR_INVALID', 'client id twice');
  if (reader.pos !== bytes.length) throw new SyncError('STATE_VECTOR_INVALID', 'trailing bytes');
  return clocks;
}
