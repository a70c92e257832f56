// How a server ends (O3): in an order in which nothing that was accepted is lost and everybody is told in time. Every step has
// an end, whatever the store, the clients and the application's hooks do.

import { keepAwake, type Clock } from '../shared/clock.js';
import { SyncError } from '../shared/errors.js';
import { within } from '../shared/within.js';

/** What is ended. */
export interface ShutDownParts {
  /** Lets nobody in any more. */
  readonly gateway: { stopAdmission(): void };
  readonly transport: { stopListening(): void; close(): void };
  readonly registry: {
    stopIntake(): void;
    settle(): Promise<void>;
    close(): Promise<void>;
    readonly isHealthy: boolean;
  };
  readonly sessions: { refuseAll(error: SyncError): void; close(): void; readonly size: number };
  /** Resolves when the hooks that are still to be called have been. */
  readonly changes: { close(): Promise<void> };
  /** Resolves when what was seen of devices is written. */
  readonly devices: { close(): Promise<void> };
  /** Resolves when the store has been told when users were last here. */
  readonly rosters: { close(): Promise<void> };
  readonly store: { close(): Promise<void> };
}

/** Most that each step takes, ms: together less than the command waits for all of it. */
const drainMs = 4_000;
const goodbyeMs = 1_000;
const hooksMs = 1_000;
const registryMs = 1_500;
const storeMs = 1_500;

/**
 * Ends everything. Rejects with SyncError STORE_UNAVAILABLE when not everything that was accepted could be written, or not in
 * time; with what the store rejects with when it is closed.
 */
export async function shutDown(parts: ShutDownParts, clock: Clock): Promise<void> {
  // An application's process may have nothing else left to do by then.
  const awake = keepAwake();
  try {
    await shutDownAwake(parts, clock);
  } finally {
    awake.cancel();
  }
}

async function shutDownAwake(parts: ShutDownParts, clock: Clock): Promise<void> {
  const { gateway, transport, registry, sessions, changes, devices, rosters, store } = parts;
  gateway.stopAdmission();
  transport.stopListening();
  // From here on whoever writes is told DRAINING, so that what is to be written has an end.
  registry.stopIntake();
  let isWritten = await inTime(clock, drainMs, registry.settle());
  // After the acknowledgements of what was accepted.
  sessions.refuseAll(new SyncError('DRAINING'));
  await untilGone(sessions, clock);
  sessions.close();
  await within(clock, hooksMs, Promise.all([changes.close(), devices.close(), rosters.close()]));
  // With what the hooks have written.
  isWritten = (await inTime(clock, registryMs, registry.close())) && isWritten;
  transport.close();
  const isClosed = await within(clock, storeMs, store.close());
  if (!isWritten || !isClosed || !registry.isHealthy)
    throw new SyncError('STORE_UNAVAILABLE', 'not everything could be written');
}

/** Whether the store did it, and in time. That it cannot is told by `isHealthy` and the log. */
async function inTime(clock: Clock, ms: number, work: Promise<void>): Promise<boolean> {
  return within(clock, ms, work).catch(() => false);
}

/** Waits a moment for the closing handshakes. */
async function untilGone(sessions: ShutDownParts['sessions'], clock: Clock): Promise<void> {
  const until = clock.monotonic() + goodbyeMs;
  while (sessions.size > 0 && clock.monotonic() < until) {
    await new Promise<void>((resolve) => {
      clock.after(10, resolve);
    });
  }
}
