// A device of a user, as lists of devices show it, and the names that it may have.

/** A device, as the server saw it. Times are ms since the epoch by the server's clock. */
export interface Device {
  /** The same as long as the device is remembered; another one for each user of the device. No secret. */
  readonly id: string;
  /** As the user calls it, else as its application says; '' where neither says anything. Nobody has checked it. */
  readonly name: string;
  /** What it runs on, 'Firefox on Linux' for example, as the device says; '' where it says nothing. Nobody has checked it. */
  readonly platform: string;
  /** Where it was connected from last. */
  readonly address: string;
  readonly firstSeen: number;
  /** Now, while it is connected. */
  readonly lastSeen: number;
  /** It is connected now. */
  readonly online: boolean;
  /** Since when it has been connected without a break; undefined while it is not. */
  readonly since?: number | undefined;
}

/** The devices of a user, as one of them is told. */
export interface DeviceList {
  /** Those that are connected first, then the others, the one seen last first. */
  readonly devices: readonly Device[];
  /** The id of the device that is told; undefined where it is none. */
  readonly self: string | undefined;
}

/** Characters of a device's name and of its platform. */
export const maxDeviceTextLength = 60;

/** What would break a line, reorder a text, or is half a character. Not the joiner that some emoji are made with. */
const unreadable = /(?!\u200d)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu;

/** A text of a device as it may be shown: one line, without control characters, cut to its bound. */
export function deviceText(raw: string): string {
  // Normalizing takes time in the square of a long row of accents.
  const text = raw
    .slice(0, 4 * maxDeviceTextLength)
    .replace(unreadable, ' ')
    .normalize('NFC');
  const line = text.replace(/\s+/g, ' ').trim();
  return Array.from(line).slice(0, maxDeviceTextLength).join('').trim();
}
