// Forgets devices that were not seen for long (A25), also those of users who never come back. Owns the timer.

import type { Clock, Timer } from '../../shared/clock.js';
import { daily, dayMs } from '../../shared/daily.js';
import type { Logger } from '../../shared/logger.js';
import type { DocumentStore } from '../store/store.js';
import { decodeDevices, devicesPrefix, encodeDevices, type DeviceRecord } from './device-record.js';

export interface OldDevicesDeps {
  readonly store: Pick<DocumentStore, 'getState' | 'setStates' | 'listState'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly maxDays: number;
  /** Runs `write` when no other write of devices is under way. Rejects with what it rejects with. */
  readonly inTurn: (write: () => Promise<void>) => Promise<void>;
  /** Whether the devices that are stored under this key are in memory, and will be written from there. */
  readonly isInMemory: (key: string) => boolean;
}

/** Users in one write. */
const maxBatch = 500;

export class OldDevices {
  readonly #deps: OldDevicesDeps;
  readonly #timer: Timer;
  #isLooking = false;
  #isClosed = false;

  constructor(deps: OldDevicesDeps) {
    this.#deps = deps;
    this.#timer = daily(deps.clock, () => void this.#look());
  }

  /** Those that are to be remembered. */
  withoutOld(devices: readonly DeviceRecord[]): readonly DeviceRecord[] {
    const oldest = this.#deps.clock.now() - this.#deps.maxDays * dayMs;
    return devices.every(({ lastSeen }) => lastSeen >= oldest)
      ? devices
      : devices.filter(({ lastSeen }) => lastSeen >= oldest);
  }

  /** Nothing is forgotten any more. */
  close(): void {
    this.#isClosed = true;
    this.#timer.cancel();
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      let found: string[] = [];
      for await (const [key, bytes] of this.#deps.store.listState(devicesPrefix)) {
        if (this.#isClosed) return;
        if (this.#without(bytes) !== undefined) found.push(key);
        if (found.length < maxBatch) continue;
        await this.#forget(found);
        found = [];
      }
      if (found.length > 0) await this.#forget(found);
    } catch (err) {
      this.#deps.logger.warn({ err }, 'devices that were not seen for long stay in the store');
    } finally {
      this.#isLooking = false;
    }
  }

  #forget(keys: readonly string[]): Promise<void> {
    const { store, inTurn, isInMemory } = this.#deps;
    return inTurn(async () => {
      const changes = new Map<string, Uint8Array | undefined>();
      for (const key of keys) {
        // Read again: a device may have come since it was found.
        const left = isInMemory(key) ? undefined : this.#without(await store.getState(key));
        if (left !== undefined) changes.set(key, encodeDevices(left));
      }
      // A user who has come during the reads has all devices in memory, and writes them later.
      if (changes.size > 0 && !this.#isClosed) await store.setStates(changes);
    });
  }

  /** What is left of a record without its old devices; undefined where none is old, and where it cannot be read. */
  #without(bytes: Uint8Array | undefined): readonly DeviceRecord[] | undefined {
    try {
      const devices = decodeDevices(bytes);
      const left = this.withoutOld(devices);
      return left === devices ? undefined : left;
    } catch {
      // Told when its user comes.
      return undefined;
    }
  }
}
