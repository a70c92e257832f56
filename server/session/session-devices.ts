// The port to the devices of users: sessions say where they are, and ask for their own user.

import type { Device } from '../../shared/device.js';
import type { Claims } from '../../shared/permission.js';

/** What a connection says of the device that it is made on. */
export interface DeviceSigns {
  /** The device's id for the user of these claims; undefined where the connection is on no device. */
  id(claims: Claims): string | undefined;
  /** As the application on the device says; '' where it says nothing. As it came: nobody has looked at it. */
  readonly name: string;
  readonly platform: string;
}

/** A session on a device. */
export interface DeviceSession {
  /** Of the token in force; undefined before the first. */
  readonly claims: Claims | undefined;
  readonly socket: { readonly remoteAddress: string };
  readonly device: DeviceSigns;
}

/** The devices of users. What is asked rejects with SyncError. */
export interface SessionDevices {
  /** Another token has come into force on the session. */
  identified(session: DeviceSession): void;
  /** The session has ended. */
  ended(session: DeviceSession): void;
  /** Rejects with RATE_LIMITED when the user's devices have asked for too much. */
  list(user: string): Promise<readonly Device[]>;
  /** `name` is looked at here. Rejects with DEVICE_UNKNOWN. */
  rename(user: string, device: string, name: string): Promise<void>;
  /** Ends what the device is signed in with (A15). Rejects with DEVICE_UNKNOWN. */
  signOut(user: string, device: string): Promise<void>;
  /** Calls `hear` soon after the list has changed, until the function that it returns is called. */
  watch(user: string, hear: (devices: readonly Device[]) => void): () => void;
}
