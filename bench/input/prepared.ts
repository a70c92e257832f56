// From an update's bytes to what a load client must know of it.

import { UpdateInspector } from '../../server/crdt/update-inspector.js';
import { defaultLimits } from '../../shared/limits.js';
import type { PreparedUpdate } from './script.js';

// The bench's own updates: no limits, which are for what strangers send.
const inspector = new UpdateInspector(defaultLimits, 'stored');

/** Reads what an update brings. It must be by one client id, the writer's. Throws RangeError when it is not. */
export function prepared(update: Uint8Array, clientId: number): PreparedUpdate {
  const found = inspector.inspect(update);
  if (found.blockCount > 1) throw new RangeError('an update of one writer has one client id');
  let deleted = 0;
  for (let range = 0; range < found.rangeCount; range++)
    deleted += found.rangeUntil[range]! - found.rangeStart[range]!;
  if (found.structCount === 0) return { update, clientId, from: 0, to: 0, deleted };
  if (found.blockClient[0] !== clientId)
    throw new RangeError(`client id ${found.blockClient[0]}, not ${clientId}`);
  return { update, clientId, from: found.start[0]!, to: found.until[found.structCount - 1]!, deleted };
}
