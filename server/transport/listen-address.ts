// Where a server listens, and with which key, before a library is asked: what is wrong is told in one clear line.

import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { createServer, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { createSecureContext } from 'node:tls';

import { ConfigError } from '../errors.js';
import type { TransportOptions } from './transport.js';

/** Attempts to find a port that is free on all addresses: it may be taken in the meantime, or on one of them. */
const freePortAttempts = 10;

/**
 * Listens on every address that a host stands for, on one port, with what `listen` and `close` do for one address. `listen`
 * resolves with undefined where it cannot. `localhost` is 127.0.0.1 and, where the machine has it, ::1: clients try either
 * first. A port of 0 is one that is free. Throws ConfigError.
 */
export async function listenOnAll<Listening>(
  { host, port }: Pick<TransportOptions, 'host' | 'port'>,
  library: {
    listen(address: string, port: number): Promise<Listening | undefined>;
    close(listening: Listening): void;
  },
): Promise<Listening[]> {
  const addresses = await addressesOf(host);
  for (let attempt = 0; attempt < (port === 0 ? freePortAttempts : 1); attempt++) {
    const chosen = port === 0 ? await freePort(addresses) : port;
    const all: Listening[] = [];
    for (const address of addresses) {
      const listening = await library.listen(address, chosen);
      if (listening !== undefined) all.push(listening);
    }
    if (all.length === addresses.length) return all;
    for (const listening of all) library.close(listening);
  }
  throw new ConfigError(await whyNot(addresses, host, port));
}

/** The key and the certificate as they are in their files, PEM. */
export interface TlsFiles {
  readonly key: Buffer;
  readonly cert: Buffer;
  readonly passphrase?: string;
}

/** Reads and checks the TLS files: a library may start without that, and then fail every handshake. Throws ConfigError. */
export async function readTls(tls: NonNullable<TransportOptions['tls']>): Promise<TlsFiles> {
  const files: TlsFiles = {
    key: await readPem('key', tls.keyFile),
    cert: await readPem('certificate', tls.certFile),
    ...(tls.passphrase === undefined ? {} : { passphrase: tls.passphrase }),
  };
  try {
    createSecureContext(files);
  } catch (error) {
    throw new ConfigError(
      `the TLS key ${tls.keyFile} and certificate ${tls.certFile} cannot be used: ${text(error)}`,
      { cause: error },
    );
  }
  return files;
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

/**
 * A port that is free. uWebSockets.js can find one itself, but then does not set SO_REUSEADDR, and a restart on that port
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
