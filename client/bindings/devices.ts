// The devices of the user whose document it is, as a value that changes, and what can be done with them.

import type { HeddleProvider } from '../provider/heddle-provider.js';
import { ownDevices, type OwnDevice } from '../provider/own-devices.js';
import { ofConnection } from './provider-readings.js';
import type { Reading } from './reading.js';

export interface DeviceChanges {
  /** Gives a device a name, '' for the one that it says itself. Rejects as `OwnDevices.rename` does. */
  readonly rename: (id: string, name: string) => Promise<void>;
  /** Signs a device out. Rejects as `OwnDevices.signOut` does. */
  readonly signOut: (id: string) => Promise<void>;
}

/** Undefined until the server has told them, and where it has no list. The same array until the list is another. */
export function devicesOf(provider: HeddleProvider): Reading<readonly OwnDevice[] | undefined> {
  return ofConnection(provider, {
    read: (connection) => ownDevices(connection).current,
    listen: (connection, changed) => ownDevices(connection).watch(changed),
  });
}

/** `provider`: asked at each call. */
export function deviceChanges(provider: () => HeddleProvider): DeviceChanges {
  return {
    rename: (id, name) => ownDevices(provider().connection).rename(id, name),
    signOut: (id) => ownDevices(provider().connection).signOut(id),
  };
}
