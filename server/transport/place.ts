// Where a server is reached: on a port of its own, or under a path of an application's HTTP server.

import type { Server } from 'node:http';

import { ConfigError } from '../errors.js';
import { checkBasePath } from './base-path.js';
import type { TransportOptions } from './transport.js';

export const transportNames = ['uws', 'node'] as const;
export type TransportName = (typeof transportNames)[number];

/** What an application says about it. */
export interface PlaceOptions {
  readonly transport?: TransportName | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly tls?: TransportOptions['tls'] | undefined;
  readonly server?: Server | undefined;
  readonly path?: string | undefined;
  readonly basePath?: string | undefined;
}

export type Place =
  | {
      readonly kind: 'own port';
      /** Undefined: it is chosen. */
      readonly transport: TransportName | undefined;
      readonly host: string;
      readonly port: number;
      /** '' where nothing is in front of the server's paths. */
      readonly basePath: string;
      readonly tls?: NonNullable<TransportOptions['tls']>;
    }
  | { readonly kind: 'attached'; readonly server: Server; readonly basePath: string };

const defaultHost = 'localhost';
const defaultPort = 1234;

/** Throws ConfigError when the options contradict each other. */
export function placeOf(options: PlaceOptions): Place {
  const { transport, host, port, tls, server, path, basePath } = options;
  if (server === undefined) {
    if (path !== undefined) throw new ConfigError('`path` goes with `server`, the HTTP server to attach to');
    const own = {
      kind: 'own port',
      transport,
      host: host ?? defaultHost,
      port: port ?? defaultPort,
      basePath: basePath === undefined ? '' : checkBasePath(basePath, '`basePath`'),
    } as const;
    return tls === undefined ? own : { ...own, tls };
  }
  const [superfluous] = Object.entries({ host, port, tls }).filter(([, value]) => value !== undefined);
  if (superfluous !== undefined)
    throw new ConfigError(`\`${superfluous[0]}\` is that of \`server\`, and cannot be given beside it`);
  if (transport === 'uws')
    throw new ConfigError("the transport 'uws' cannot attach to an HTTP server of Node");
  if (basePath !== undefined) throw new ConfigError('beside `server` the base path is called `path`');
  if (path === undefined)
    throw new ConfigError("`server` wants a `path` such as '/sync', without a slash at its end");
  return { kind: 'attached', server, basePath: checkBasePath(path, '`path`') };
}
