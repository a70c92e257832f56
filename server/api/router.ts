// HTTP requests to resources, by method and path.

import { toSyncError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logger.js';
import { jsonReply } from '../json-reply.js';
import type { HttpReply, HttpRequest } from '../transport/transport.js';

/** `names`: what stands in the path for each `{name}` of its pattern, decoded. */
export type Handler = (
  request: HttpRequest,
  names: Readonly<Record<string, string>>,
) => HttpReply | Promise<HttpReply>;

/** Handlers by 'METHOD /path'; a segment `{name}` of the path stands for any. HEAD is answered as GET. */
export type Routes = Readonly<Record<string, Handler>>;

/** Answers from the routes, then from the files; errors by their HTTP status. */
export async function route(
  request: HttpRequest,
  routes: Routes,
  files: { reply(request: HttpRequest): HttpReply | undefined } | undefined,
  logger: Logger,
): Promise<HttpReply> {
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const found = find(routes, method, request.path);
  if (found === undefined) return files?.reply(request) ?? jsonReply(404, { error: 'NOT_FOUND' });
  try {
    return await found.handler(request, found.names);
  } catch (error) {
    const { code, reason, httpStatus, cause } = toSyncError(error);
    if (code === 'INTERNAL') logger.error({ path: request.path, err: cause }, 'a request failed');
    return jsonReply(httpStatus, { error: code, reason });
  }
}

interface Found {
  readonly handler: Handler;
  readonly names: Readonly<Record<string, string>>;
}

/** A path that is named itself comes before patterns. */
function find(routes: Routes, method: string, path: string): Found | undefined {
  const exact = `${method} ${path}`;
  const handler = Object.hasOwn(routes, exact) ? routes[exact] : undefined;
  if (handler !== undefined) return { handler, names: {} };
  for (const [route, handler] of Object.entries(routes)) {
    const names =
      route.includes('{') && route.startsWith(`${method} `)
        ? namesIn(route.slice(method.length + 1), path)
        : undefined;
    if (names !== undefined) return { handler, names };
  }
  return undefined;
}

/** Undefined where the path does not fit the pattern. */
function namesIn(pattern: string, path: string): Record<string, string> | undefined {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== given.length) return undefined;
  const names: Record<string, string> = {};
  for (const [at, segment] of wanted.entries()) {
    const found = given[at] ?? '';
    const [, name] = /^\{(\w+)\}$/.exec(segment) ?? [];
    if (name === undefined && segment !== found) return undefined;
    const value = name === undefined ? undefined : decoded(found);
    if (name !== undefined && (value === undefined || value === '')) return undefined;
    if (name !== undefined && value !== undefined) names[name] = value;
  }
  return names;
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    // Escapes that spell no text: no name.
    return undefined;
  }
}
