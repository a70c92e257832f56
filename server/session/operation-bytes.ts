// How many bytes of operations wait for the end of sessions, of each session and user (O2).

import { SyncError } from '../../shared/errors.js';
import type { Limits } from '../../shared/limits.js';

/** Whose they are. Those who are nobody count as one user. */
interface Holder {
  bytes: number;
  readonly user: string | undefined;
}

export class OperationBytes {
  readonly #limits: Pick<Limits, 'maxOperationBytes' | 'maxOperationBytesPerUser'>;
  readonly #ofUser = new Map<string, number>();

  constructor(limits: Pick<Limits, 'maxOperationBytes' | 'maxOperationBytesPerUser'>) {
    this.#limits = limits;
  }

  /** Before they are written. Throws SyncError RATE_LIMITED above a limit, and counts nothing then. */
  take(holder: Holder, bytes: number): void {
    const { maxOperationBytes, maxOperationBytesPerUser } = this.#limits;
    if (bytes > 0 && holder.bytes + bytes > maxOperationBytes)
      throw new SyncError('RATE_LIMITED', `a session has at most ${maxOperationBytes} bytes of operations`);
    if (bytes > 0 && this.#of(holder) + bytes > maxOperationBytesPerUser)
      throw new SyncError(
        'RATE_LIMITED',
        `a user has at most ${maxOperationBytesPerUser} bytes of operations`,
      );
    this.count(holder, bytes);
  }

  /** What is there already, or is there no more. */
  count(holder: Holder, bytes: number): void {
    holder.bytes += bytes;
    const sum = this.#of(holder) + bytes;
    if (sum === 0) this.#ofUser.delete(holder.user ?? '');
    else this.#ofUser.set(holder.user ?? '', sum);
  }

  #of({ user }: Holder): number {
    return this.#ofUser.get(user ?? '') ?? 0;
  }
}
