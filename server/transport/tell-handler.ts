// The one way a socket calls its handler.

import type { Logger } from '../../shared/logger.js';
import type { Socket, SocketHandler } from './transport.js';

/** Calls the handler, if there is one yet. What it throws is logged, and ends the socket. */
export function tellHandler(
  socket: Socket,
  handler: SocketHandler | undefined,
  logger: Logger,
  call: (handler: SocketHandler) => void,
): void {
  if (handler === undefined) return;
  try {
    call(handler);
  } catch (error) {
    handlerFailed(socket, logger, error);
  }
}

export function handlerFailed(socket: Socket, logger: Logger, error: unknown): void {
  const { remoteAddress } = socket;
  logger.error({ err: error, remoteAddress }, 'a socket handler has thrown');
  socket.close(1011, 'INTERNAL');
}
