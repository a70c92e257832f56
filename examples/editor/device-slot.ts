// Which copy on this device a window uses. Two windows of one browser would share an IndexedDB database, and a cut
// window would find the other's text in it after a reload; so each open window takes a slot, and a slot is a device of
// its own. The first window always gets slot 1, so a copy is found again tomorrow.

import { windowStorage } from './safe-storage.js';

const slotKey = 'heddle-demo.slot';
const mostSlots = 32;
const reloadPatienceMs = 1_000;

/** Takes a slot until the window closes: after a reload the same one, else the lowest that is free. */
export async function takeDeviceSlot(): Promise<number> {
  const previous = Number(windowStorage.get(slotKey) ?? 0);
  const slot = await firstFreeSlot(previous);
  windowStorage.set(slotKey, String(slot));
  return slot;
}

async function firstFreeSlot(previous: number): Promise<number> {
  // Web Locks exist in secure contexts only; on plain http windows share one copy, which is still correct.
  if (!('locks' in navigator)) return previous || 1;
  // The page that is being reloaded may hold its slot for a moment longer. A duplicated tab never gets it.
  if (previous > 0 && (await lockSlot(previous, { signal: AbortSignal.timeout(reloadPatienceMs) })))
    return previous;
  for (let slot = 1; slot < mostSlots; slot++) {
    if (await lockSlot(slot, { ifAvailable: true })) return slot;
  }
  return mostSlots;
}

/** Whether the slot was free. Once taken it is held: the lock's callback never ends, and the browser frees it. */
function lockSlot(slot: number, options: LockOptions): Promise<boolean> {
  return new Promise((resolve) => {
    navigator.locks
      .request(`heddle-demo.slot.${slot}`, options, (lock) => {
        resolve(lock !== null);
        return lock === null ? undefined : new Promise<void>(() => {});
      })
      .catch(() => resolve(false));
  });
}
