'use client';

// The devices of the user, as a list that stays live while a component shows it.

import { useMemo } from 'react';
import { deviceChanges, devicesOf, type DeviceChanges } from '../bindings/devices.js';
import type { HeddleProvider } from '../provider/heddle-provider.js';
import type { OwnDevice } from '../provider/own-devices.js';
import { useReadingOf } from './hooks.js';
import { useProvider } from './server-context.js';

/** What `useDevices` gives. The functions are the same at each render. */
export interface Devices extends DeviceChanges {
  /** Undefined until the server has told them, and where it has no list. The same array until the list is another. */
  readonly devices: readonly OwnDevice[] | undefined;
}

/** The devices of the user of the document around, or of the provider handed in. */
export function useDevices(provider?: HeddleProvider): Devices {
  const of = useProvider(provider);
  const devices = useReadingOf(devicesOf, of);
  const changes = useMemo(() => deviceChanges(() => of), [of]);
  return { devices, ...changes };
}
