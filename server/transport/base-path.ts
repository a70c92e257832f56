// What of a request's path is in front of the server: a prefix that a proxy leaves there, or the path at which an application
// has attached the server. Every transport asks here.

import { ConfigError } from '../errors.js';
import { jsonReply } from '../json-reply.js';
import { pollPath, sendPath, sessionPath } from '../../shared/native/over-http.js';
import type { HttpReply } from './transport.js';

/** Throws ConfigError for what is no base path. `name` is what the application or the operator calls the option. */
export function checkBasePath(basePath: string, name: string): string {
  if (/^(?:\/[^/?#\s]+)+$/.test(basePath)) return basePath;
  throw new ConfigError(`${name} is a path such as /sync, with a slash in front and none at its end`);
}

/**
 * The rest of a path below the base path, beginning with a slash; undefined where the path is not below it. A base path of ''
 * is in front of every path.
 */
export function pathBelow(basePath: string, path: string): string | undefined {
  if (path === basePath) return '/';
  return path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : undefined;
}

/**
 * The path of a WebSocket. A proxy that puts a slash of its own in front of what it passes on makes `//` of the path of our own
 * protocol. No document is meant by slashes alone; in front of a document's name they are part of the name.
 */
export function socketPath(path: string): string {
  return /^\/+$/.test(path) ? '/' : path;
}

/** The path of a request over HTTP, without what such a proxy has put in front. */
export function resourcePath(path: string): string {
  return path.replace(/^\/+/, '/');
}

/** What a path ends in that was meant for this server. */
const ends = [sessionPath, sendPath, pollPath, 'healthz', 'readyz', 'api/v1/(?:users|presence)(?:/.+)?'];
/** Below `/api/v1/` the last part may be a name that somebody has chosen. */
const withPrefix = new RegExp(`^(?!/api/v1/)(/.+?)/(?:${ends.join('|')})$`);

/** What is said of a path that is not below the base path. */
export function outsideReason(basePath: string): string {
  return `this server has everything below "${basePath}"`;
}

/** The answer to a request that is not below the base path. */
export function outsideReply(basePath: string): HttpReply {
  return jsonReply(404, { error: 'NOT_FOUND', reason: outsideReason(basePath) });
}

/** The answer to a request with a prefix that nobody has taken off, below the base path; undefined where the path shows none. */
export function prefixReply(basePath: string, path: string): HttpReply | undefined {
  const [, prefix] = withPrefix.exec(path) ?? [];
  if (prefix === undefined) return undefined;
  const shown = JSON.stringify(`${basePath}${prefix}`.slice(0, 60));
  const reason = `${shown} is in front of the path: have the proxy take it off, or start the server with it as --base-path`;
  return jsonReply(404, { error: 'NOT_FOUND', reason });
}
