// Finds out where to listen and, when that fails, why. The binary itself only says that it could not.

import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { createServer, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { createSecureContext } from 'node:tls';

import { ConfigError } from '../errors.js';
import type { TransportOptions } from './transport.js';
import { exclusivePort, type NativeApp, type NativeListenSocket, type UwsBinary } from './uws-binary.js';

/**
 * Listens on every address a host stands for, on one port, and returns the listening sockets. `localhost` is 127.0.0.1
 * and, where the machine has it, ::1: clients try either first. Throws ConfigError.
 */
export async function listenOn(
  uws: UwsBinary,
  app: NativeApp,
  host: string,
  port: number,
): Promise<NativeListenSocket[]> {
  const addresses = await addressesOf(host);
  // A free port may be taken again in the meantime, or on the other address.
  for (let attempt = 0; attempt < (port === 0 ? 10 : 1); attempt++) {
    const chosen = port === 0 ? await freePort(addresses) : port;
    const sockets: NativeListenSocket[] = [];
    for (const address of addresses) {
      const socket = await listenNatively(app, address, chosen);
      if (socket !== false) sockets.push(socket);
    }
    if (sockets.length === addresses.length) return sockets;
    for (const socket of sockets) uws.us_listen_socket_close(socket);
  }
  throw new ConfigError(await whyNot(addresses, host, port));
}

/** Reads and checks the TLS files: the binary would start and then fail every handshake. Throws ConfigError. */
export async function checkTls(tls: NonNullable<TransportOptions['tls']>): Promise<void> {
  const key = await readPem('key', tls.keyFile);
  const cert = await readPem('certificate', tls.certFile);
  try {
    createSecureContext({
      key,
      cert,
      ...(tls.passphrase === undefined ? {} : { passphrase: tls.passphrase }),
    });
  } catch (error) {
    throw new ConfigError(
      `the TLS key ${tls.keyFile} and certificate ${tls.certFile} cannot be used: ${text(error)}`,
      {
        cause: error,
      },
    );
  }
}

async function readPem(what: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new ConfigError(`the TLS ${what} file ${path} cannot be read: ${text(error)}`, { cause: error });
  }
}

async function addressesOf(host: string): Promise<string[]> {
  if (host === 'localhost') return hasAddress('::1') ? ['127.0.0.1', '::1'] : ['127.0.0.1'];
  if (isIP(host) !== 0) return [host];
  try {
    return [(await lookup(host)).address];
  } catch (error) {
    throw new ConfigError(`the host ${JSON.stringify(host)} cannot be resolved`, { cause: error });
  }
}

function hasAddress(address: string): boolean {
  return Object.values(networkInterfaces()).some((entries) =>
    entries?.some((entry) => entry.address === address),
  );
}

function listenNatively(app: NativeApp, address: string, port: number): Promise<NativeListenSocket | false> {
  return new Promise((resolve) => {
    app.listen(address, port, exclusivePort, resolve);
  });
}

/**
 * A port that is free. The binary can find one itself, but then does not set SO_REUSEADDR, and a restart on that port
 * would fail for a minute.
 */
async function freePort(addresses: readonly string[]): Promise<number> {
  const found = await tryListen(addresses[0] ?? '', 0);
  return typeof found === 'number' ? found : 0;
}

/** Asks Node for the reason, which it tells. */
async function whyNot(addresses: readonly string[], host: string, port: number): Promise<string> {
  for (const address of addresses) {
    const code = await tryListen(address, port);
    if (code === 'EADDRINUSE') return `port ${port} on ${host} is in use`;
    if (code === 'EACCES') return `port ${port} on ${host} may not be used by this user`;
    if (code === 'EADDRNOTAVAIL') return `${host} is not an address of this machine`;
    if (typeof code === 'string') return `cannot listen on port ${port} on ${host}: ${code}`;
  }
  return `cannot listen on port ${port} on ${host}`;
}

/** Listens for a moment: the port, or the code of the error. */
function tryListen(address: string, port: number): Promise<number | string> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    probe.listen({ host: address, port, exclusive: true }, () => {
      const bound = probe.address();
      probe.close(() => resolve(bound !== null && typeof bound === 'object' ? bound.port : port));
    });
  });
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
