// Which transport a server gets. On a port of its own: uWebSockets.js where it can be loaded, otherwise Node's own http with
// the ws package. On an application's HTTP server: the latter.

import { ConfigError } from '../errors.js';
import type { Place, TransportName } from './place.js';
import type { Transport, TransportDependencies, TransportHandler, TransportOptions } from './transport.js';
import { loadUws } from './uws/binary.js';
import { listenUws } from './uws/listen.js';

/** What is the same wherever the server is reached. */
export type OpenOptions = Omit<TransportOptions, 'host' | 'port' | 'tls' | 'basePath'>;

/**
 * Starts or attaches the transport. If it is chosen, and is not uWebSockets.js, the log has one line. `load` rejects with
 * ConfigError where uWebSockets.js cannot be loaded. Throws ConfigError, one clear line, when the transport cannot start: port
 * in use, host unknown, TLS files unusable, or the transport that the application named cannot be loaded.
 */
export async function openTransport(
  place: Place,
  options: OpenOptions,
  handler: TransportHandler,
  dependencies: TransportDependencies,
  load: () => Promise<unknown> = loadUws,
): Promise<Transport> {
  if (place.kind === 'attached') {
    const { attachNode } = await loadNode();
    return attachNode({ ...options, ...place }, handler, dependencies);
  }
  const { transport = await choose(dependencies, load), host, port, basePath, tls } = place;
  const complete = { ...options, host, port, basePath, ...(tls === undefined ? {} : { tls }) };
  if (transport === 'uws') return listenUws(complete, handler, dependencies);
  const { listenNode } = await loadNode();
  return listenNode(complete, handler, dependencies);
}

/** It brings a package, and is loaded when it is used. */
function loadNode(): Promise<typeof import('./node/entry.js')> {
  return import('./node/entry.js');
}

async function choose(
  { logger }: TransportDependencies,
  load: () => Promise<unknown>,
): Promise<TransportName> {
  try {
    await load();
    return 'uws';
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    logger.info(
      { transport: 'node', reason: error.message },
      "uWebSockets.js cannot be used here: Node's own http and the ws package are",
    );
    return 'node';
  }
}
