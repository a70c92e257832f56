// Whether this device asks for tokens: not after it was signed out from another one, until its reader wants it to. The demo's
// server gives a token to whoever asks; the server of an application would refuse one instead.

import { LoginRequired, type HeddleConnection } from '../../client/index.js';
import { deviceStorage } from '../editor/safe-storage.js';

const key = 'heddle-notes.signed-out-elsewhere';

export class DeviceSignIn {
  /** The refusal that the reader has answered by signing in again. */
  #answered: unknown;

  /** A token from `ask`. Throws LoginRequired while the device is signed out. */
  async token({ reason }: HeddleConnection, ask: () => Promise<string>): Promise<string> {
    if (reason?.code === 'TOKEN_REVOKED' && reason !== this.#answered) deviceStorage.set(key, 'yes');
    if (deviceStorage.get(key) !== null) throw new LoginRequired('this device was signed out');
    return ask();
  }

  /** The reader wants to go on with this device. */
  again({ reason }: HeddleConnection): void {
    this.#answered = reason;
    deviceStorage.remove(key);
  }
}
