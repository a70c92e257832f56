// Listens with uWebSockets.js, which itself only says that it could not.

import { listenOnAll } from '../listen-address.js';
import type { TransportOptions } from '../transport.js';
import { exclusivePort, type NativeApp, type NativeListenSocket, type UwsBinary } from './binary.js';

/** The listening sockets, one for each address of the host. Throws ConfigError. */
export function listenOn(
  uws: UwsBinary,
  app: NativeApp,
  options: Pick<TransportOptions, 'host' | 'port'>,
): Promise<NativeListenSocket[]> {
  return listenOnAll(options, {
    listen: (address, port) =>
      new Promise((resolve) => {
        app.listen(address, port, exclusivePort, (socket) => resolve(socket === false ? undefined : socket));
      }),
    close: (socket) => uws.us_listen_socket_close(socket),
  });
}
