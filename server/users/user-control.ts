// The port to what can be done about users: the application calls it, and the HTTP resources do.

import type { Device } from '../../shared/device.js';
import type { Access } from '../../shared/permission.js';

/** Whose tokens end: a user's, a device's (claim `sid`; of that user, if there is one), or one token (claim `jti`). */
export type Revocation =
  | { readonly user: string }
  | { readonly device: string; readonly user?: string | undefined }
  | { readonly token: string };

/** What was done. */
export interface Pushed {
  /** How many connections were open that it concerns. */
  readonly sessions: number;
}

/** What can be done about users while they are connected. Rejects with SyncError. */
export interface UserControl {
  /**
   * The user's claims have changed where tokens are issued: every device is asked for a new token, those that are connected now,
   * and those that come back with an older one. Tokens that were issued before still count.
   */
  refresh(user: string): Promise<Pushed>;
  /**
   * Ends tokens: whoever is connected with one is out when this resolves, and it is refused from then on, also after a restart. A
   * user or a device may come back with a token that was issued (`iat`) after this call. `expiresAt`: when the last token that it
   * concerns has expired, s since the epoch; default: as long as a token may live (`auth.maxTokenLifeS`), for good where that
   * is not configured. Of a single token that is in use its own `exp` is known.
   */
  revoke(whose: Revocation, options?: { readonly expiresAt?: number | undefined }): Promise<Pushed>;
  /**
   * From now on the user has this access to documents whose names fit the pattern (as in the claim `docs`), whatever the token
   * or the `authorize` hook says; null: what they say counts again. Counts until the user's next token, by `iat`; with `forS`,
   * for so many seconds, whichever token. Where several patterns fit a name, the one that was set last counts.
   */
  setAccess(
    user: string,
    documentPattern: string,
    access: Access | null,
    options?: { readonly forS?: number | undefined },
  ): Promise<Pushed>;
  /**
   * The devices of a user that have been connected (A14): the browser profiles and apps that Heddle's client keeps a secret on, and
   * for other clients the sessions that their tokens name (`sid`). Rejects with STORE_UNAVAILABLE where they cannot be read.
   */
  devices(user: string): Promise<readonly Device[]>;
  /**
   * Ends what a device is signed in with, as `revoke` does, and forgets it: tokens with the `sid` of those that it used, tokens
   * that it used without a `sid` by their `jti`, and all that it hands in itself. It may come back with a token that was issued
   * later. Rejects with DEVICE_UNKNOWN.
   */
  signOutDevice(user: string, device: string): Promise<Pushed>;
  /** Gives a device a name: one line of 60 characters at most; '' for the one that it says itself. Rejects with DEVICE_UNKNOWN. */
  renameDevice(user: string, device: string, name: string): Promise<void>;
  /** Takes a device out of the list. Its tokens count as before, and with the next one it is listed anew. Rejects with DEVICE_UNKNOWN. */
  forgetDevice(user: string, device: string): Promise<void>;
}
