// The first content of a room, before anybody is served: taken whole or not at all, and durable.

import { SyncError } from '../../shared/errors.js';
import { toSyncError } from '../../shared/errors.js';
import type { Room } from './room.js';
import { serverWriter } from './writer.js';

/** Writes what `content` gives. */
const seeder = serverWriter();

/**
 * Takes what `content` gives, if it gives anything. Rejects with SyncError: INTERNAL when `content` fails, or gives what cannot
 * be taken whole, and the room has accepted nothing then; STORE_UNAVAILABLE when it could not be written. The room has ended then.
 */
export async function seedRoom(room: Room, content: () => Promise<Uint8Array | undefined>): Promise<void> {
  try {
    const update = await contentOf(content);
    if (update === undefined) return;
    await take(room, update);
    await room.settled();
  } catch (thrown) {
    const error = toSyncError(thrown);
    room.end(error);
    throw error;
  }
}

async function contentOf(content: () => Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
  try {
    const update: unknown = await content();
    if (update === undefined) return undefined;
    if (!(update instanceof Uint8Array)) throw new TypeError('the first content is not a Uint8Array');
    // The room keeps the bytes, and the application may go on with its own.
    return new Uint8Array(update);
  } catch (cause) {
    throw new SyncError('INTERNAL', 'the first content of the document could not be had', { cause });
  }
}

/** O1: whoever opens the document has done nothing wrong, so the code of the refusal is for the log alone. */
async function take(room: Room, update: Uint8Array): Promise<void> {
  try {
    if (!room.isWhole(update))
      throw new SyncError('UPDATE_INCOMPLETE', 'the first content depends on something missing');
    await room.accept(update, seeder, false);
  } catch (cause) {
    if (cause instanceof SyncError && cause.code === 'STORE_UNAVAILABLE') throw cause;
    throw new SyncError('INTERNAL', 'the first content of the document cannot be used', { cause });
  }
}
