// HTTP requests to resources, by method and path.

import { toSyncError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logger.js';
import { jsonReply } from '../json-reply.js';
import type { HttpReply, HttpRequest } from '../transport/transport.js';

export type Handler = (request: HttpRequest) => HttpReply | Promise<HttpReply>;

/** Handlers by 'METHOD /path'. HEAD is answered as GET. */
export type Routes = Readonly<Record<string, Handler>>;

/** Answers from the routes, then from the files; errors by their HTTP status. */
export async function route(
  request: HttpRequest,
  routes: Routes,
  files: { reply(request: HttpRequest): HttpReply | undefined } | undefined,
  logger: Logger,
): Promise<HttpReply> {
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const handler = Object.hasOwn(routes, `${method} ${request.path}`)
    ? routes[`${method} ${request.path}`]
    : undefined;
  if (handler === undefined) return files?.reply(request) ?? jsonReply(404, { error: 'NOT_FOUND' });
  try {
    return await handler(request);
  } catch (error) {
    const { code, reason, httpStatus, cause } = toSyncError(error);
    if (code === 'INTERNAL') logger.error({ path: request.path, err: cause }, 'a request failed');
    return jsonReply(httpStatus, { error: code, reason });
  }
}
