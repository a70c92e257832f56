// What a client asks about the devices of its own user, and the watch that keeps a list live. Owns the watch of one connection.

import type { DeviceList } from '../../shared/device.js';
import { SyncError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logger.js';
import type { NativeClientMessage } from '../../shared/native/messages.js';
import type { Claims } from '../../shared/permission.js';
import { Answers, type AnswersHost } from './answers.js';
import type { DeviceSigns, SessionDevices } from './session-devices.js';

/** The connection that the requests are made on. */
export interface DeviceRequestsHost extends AnswersHost {
  readonly deps: { readonly logger: Logger; readonly devices?: SessionDevices | undefined };
  readonly claims: Claims | undefined;
  readonly device: DeviceSigns;
}

type DeviceMessage = Extract<NativeClientMessage, { type: 'devices' | 'change-device' }>;

interface Watch {
  readonly id: number;
  readonly end: () => void;
}

/** Characters of a device's id that are looked at. */
const maxIdLength = 64;

export class DeviceRequests {
  readonly #host: DeviceRequestsHost;
  readonly #answers: Answers;
  #watch: Watch | undefined;

  constructor(host: DeviceRequestsHost) {
    this.#host = host;
    this.#answers = new Answers(host);
  }

  /** Other messages do not wait for the answer. */
  take(message: DeviceMessage): void {
    const asked = { id: message.id, what: 'device request', document: undefined } as const;
    void this.#answers.give(asked, () => {
      const { devices } = this.#host.deps;
      const user = this.#host.claims?.sub;
      if (devices === undefined || user === undefined)
        throw new SyncError('CALL_UNKNOWN', 'there are no devices of nobody');
      return message.type === 'devices' ? this.#list(devices, user, message) : change(devices, user, message);
    });
  }

  /** The connection has ended: nobody waits any more. */
  close(): void {
    this.#answers.close();
    this.#end();
  }

  async #list(
    devices: SessionDevices,
    user: string,
    { id, isWatch }: Extract<DeviceMessage, { type: 'devices' }>,
  ): Promise<Uint8Array> {
    if (isWatch || this.#watch?.id === id) this.#end();
    // Before the list is read: no change in between is missed.
    if (isWatch) this.#watch = { id, end: devices.watch(user, (list) => this.#tell(id, list)) };
    try {
      return this.#encoded(await devices.list(user));
    } catch (error) {
      if (this.#watch?.id === id) this.#end();
      throw error;
    }
  }

  #tell(id: number, devices: DeviceList['devices']): void {
    this.#host.say({ type: 'result', id, code: '', close: 0, reason: '', body: this.#encoded(devices) });
  }

  #end(): void {
    this.#watch?.end();
    this.#watch = undefined;
  }

  #encoded(devices: DeviceList['devices']): Uint8Array {
    const { claims, device } = this.#host;
    const self = claims === undefined ? undefined : device.id(claims);
    return new TextEncoder().encode(JSON.stringify({ devices, self } satisfies DeviceList));
  }
}

async function change(
  devices: SessionDevices,
  user: string,
  { device, isSignOut, name }: Extract<DeviceMessage, { type: 'change-device' }>,
): Promise<void> {
  const id = device.slice(0, maxIdLength);
  await (isSignOut ? devices.signOut(user, id) : devices.rename(user, id, name));
}
