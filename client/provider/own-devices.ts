// The devices of the user whose connection this is, as an application lists and changes them. Nothing of this is in a bundle that does not
// import it.

import { guarded } from '../platform/guarded.js';
import type { Connection } from '../connection/connection.js';
import type { Device, DeviceList } from '../../shared/device.js';
import { SyncError } from '../../shared/errors.js';
import type { HeddleConnection } from './heddle-connection.js';

/** One of the user's devices. */
export interface OwnDevice extends Device {
  /** It is this one. */
  readonly isThis: boolean;
}

/** The user's devices. What it promises rejects with SyncError, and with an Error while there is no connection. */
export class OwnDevices {
  readonly #wire: Connection;
  readonly #listeners = new Set<() => void>();
  readonly #onState = (): void => this.#watch();
  /** Of the watch under way, or of the last one. */
  #id = 0;
  #isWatched = false;
  #current: readonly OwnDevice[] | undefined;

  constructor(wire: Connection) {
    this.#wire = wire;
  }

  /** As they are now: those that are connected first, then the one seen last. */
  async list(): Promise<readonly OwnDevice[]> {
    return read(await this.#ask((id) => ({ type: 'devices', id, isWatch: false })));
  }

  /** Gives a device a name: one line of 60 characters at most; '' for the one that it says itself. */
  async rename(id: string, name: string): Promise<void> {
    await this.#change(id, name, false);
  }

  /**
   * Signs a device out: it is disconnected within a second, and what it was signed in with is refused from then on. Of this
   * device the connection ends before the answer, and the promise rejects.
   */
  async signOut(id: string): Promise<void> {
    await this.#change(id, '', true);
  }

  /**
   * The last that was heard while somebody watches; undefined before that, and where this server has no list. The same array until
   * it is another list. It stays while the connection is away.
   */
  get current(): readonly OwnDevice[] | undefined {
    return this.#current;
  }

  /** Calls `changed` whenever `current` is another list, until the function that it returns is called. */
  watch(changed: () => void): () => void {
    const listener = (): void => changed();
    if (this.#listeners.size === 0) this.#wire.on('state', this.#onState);
    this.#listeners.add(listener);
    this.#watch();
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#unwatch();
    };
  }

  #watch(): void {
    if (this.#isWatched || this.#listeners.size === 0 || this.#wire.state !== 'open') return;
    this.#isWatched = true;
    const hear = (body: Uint8Array | undefined): void => {
      if (body !== undefined) return this.#heard(body);
      this.#isWatched = false;
      // The connection may go on at once with another socket.
      queueMicrotask(() => this.#watch());
    };
    const asked = this.#ask((id) => ({ type: 'devices', id: (this.#id = id), isWatch: true }), hear);
    const id = this.#id;
    asked.then(
      (body) => this.#heard(body),
      // Nothing is heard of it any more. It is asked again on the next connection.
      () => {
        if (this.#id === id) this.#isWatched = false;
      },
    );
  }

  #unwatch(): void {
    this.#wire.off('state', this.#onState);
    if (this.#isWatched) this.#wire.say({ type: 'devices', id: this.#id, isWatch: false });
    this.#isWatched = false;
    this.#current = undefined;
  }

  #heard(body: Uint8Array): void {
    if (this.#listeners.size === 0) return;
    this.#current = read(body);
    for (const listener of Array.from(this.#listeners)) guarded(listener);
  }

  #change(device: string, name: string, isSignOut: boolean): Promise<Uint8Array> {
    return this.#ask((id) => ({ type: 'change-device', id, device, isSignOut, name }));
  }

  #ask(...[message, hear]: Parameters<Connection['ask']>): Promise<Uint8Array> {
    const { state, welcome } = this.#wire;
    if (state === 'open' && welcome?.extensions?.devices !== true)
      return Promise.reject(new SyncError('CALL_UNKNOWN', 'this server has no list of devices'));
    return this.#wire.ask(message, hear);
  }
}

/** One for each connection. */
const known = new WeakMap<HeddleConnection, OwnDevices>();

/** The devices of the connection's user: the same object for all who ask for those of one connection. */
export function ownDevices(connection: HeddleConnection): OwnDevices {
  const before = known.get(connection);
  if (before !== undefined) return before;
  const devices = new OwnDevices(connection.wire);
  known.set(connection, devices);
  return devices;
}

function read(body: Uint8Array): readonly OwnDevice[] {
  const { devices, self } = JSON.parse(new TextDecoder().decode(body)) as DeviceList;
  return devices.map((device) => ({ ...device, isThis: device.id === self }));
}
