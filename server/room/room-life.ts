// Whether a room goes on.

import { SyncError } from '../../shared/errors.js';

/** open: updates are taken. closed: the registry has let go of the room. An error: why the document cannot go on here. */
type State = 'open' | 'closed' | SyncError;

export class RoomLife {
  #state: State = 'open';

  get hasEnded(): boolean {
    return this.#state instanceof SyncError;
  }

  /** Throws the error that the room has ended with. */
  checkNotEnded(): void {
    if (this.#state instanceof SyncError) throw this.#state;
  }

  /** Throws SyncError when the room has ended or was closed. */
  checkOpen(): void {
    this.checkNotEnded();
    if (this.#state === 'closed') throw closedMeanwhile();
  }

  close(): void {
    if (this.#state === 'open') this.#state = 'closed';
  }

  /** The first error counts. Returns false when there was one. */
  end(error: SyncError): boolean {
    if (this.hasEnded) return false;
    this.#state = error;
    return true;
  }
}

/** To whoever offered an update that was still being tried when its writer left, or when the room was closed. */
export function closedMeanwhile(): SyncError {
  return new SyncError('DRAINING', 'the document was closed while the update was tried');
}
