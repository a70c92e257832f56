// The first content of a room (D6): taken whole or not at all, and durable before anybody is served.

import { SyncError, toSyncError } from '../../shared/errors.js';
import type { Room } from './room.js';
import { serverWriter } from './writer.js';

/** Writes what `content` gives. */
const seeder = serverWriter();

/**
 * Takes the update that `content` gives, if it gives one. Rejects with SyncError, and the room has ended then: INTERNAL when
 * `content` fails, or when its update cannot be taken whole, and then the room has accepted nothing; STORE_UNAVAILABLE when the
 * update could not be written; the error of `content` where that is a SyncError.
 */
export async function seedRoom(room: Room, content: () => Promise<Uint8Array | undefined>): Promise<void> {
  try {
    const update = await contentOf(content);
    if (update === undefined) return;
    await take(room, update);
    await room.progress.settled();
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
    if (cause instanceof SyncError) throw cause;
    throw new SyncError('INTERNAL', 'the first content of the document could not be had', { cause });
  }
}

/** O1: whoever opens the document has done nothing wrong, so the code of the refusal is for the log alone. */
async function take(room: Room, update: Uint8Array): Promise<void> {
  try {
    if (!room.content.isWhole(update))
      throw new SyncError('UPDATE_INCOMPLETE', 'the first content depends on something missing');
    await room.accept(update, seeder, false);
  } catch (cause) {
    if (cause instanceof SyncError && cause.code === 'STORE_UNAVAILABLE') throw cause;
    throw new SyncError('INTERNAL', 'the first content of the document cannot be used', { cause });
  }
}
