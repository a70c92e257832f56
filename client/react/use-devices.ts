'use client';

// The devices of the user, as a list that stays live while a component shows it.

import { useCallback, useSyncExternalStore } from 'react';
import type { HeddleProvider } from '../provider/heddle-provider.js';
import type { OwnDevice } from '../provider/own-devices.js';
import { useConnection } from './hooks.js';

/** What `useDevices` gives. */
export interface Devices {
  /** Undefined until the server has told them, and where it has no list. The same array until the list is another. */
  readonly devices: readonly OwnDevice[] | undefined;
  /** Gives a device a name, '' for the one that it says itself. Rejects as `connection.devices.rename` does. The same function always. */
  readonly rename: (id: string, name: string) => Promise<void>;
  /** Signs a device out. Rejects as `connection.devices.signOut` does. The same function always. */
  readonly signOut: (id: string) => Promise<void>;
}

/** The devices of the user of the document around, or of the provider handed in. */
export function useDevices(provider?: HeddleProvider): Devices {
  const { devices: own } = useConnection(provider);
  const subscribe = useCallback((changed: () => void) => own.watch(changed), [own]);
  const read = (): readonly OwnDevice[] | undefined => own.current;
  const devices = useSyncExternalStore(subscribe, read, read);
  const rename = useCallback((id: string, name: string) => own.rename(id, name), [own]);
  const signOut = useCallback((id: string) => own.signOut(id), [own]);
  return { devices, rename, signOut };
}
