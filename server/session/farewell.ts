// The end of a connection that is refused: logged, told with its reason, late where somebody keeps coming back, and
// without waiting for a client that does not answer.

import type { Clock, Timer } from '../../shared/clock.js';
import type { SyncError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logger.js';
import type { Socket } from '../transport/transport.js';
import type { Tarpit } from './tarpit.js';

/** What the ends of all connections share. */
export interface FarewellDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tarpit: Tarpit;
}

/** After a closing handshake that the client does not answer. */
const terminateMs = 5_000;

/** Closes the socket; `tell` says more than a close frame can, right before it. Returns how to stop waiting for the end. */
export function sayFarewell(
  { clock, logger, tarpit }: FarewellDeps,
  socket: Socket,
  error: SyncError,
  tell: () => void = () => {},
): () => void {
  const fields = { code: error.code, address: socket.remoteAddress, err: error.cause ?? error.message };
  if (error.code === 'INTERNAL') logger.error(fields, 'a connection failed');
  else logger.info(fields, 'a connection was refused');
  let timer: Timer | undefined;
  const close = (): void => {
    tell();
    socket.close(error.closeCode, error.reason);
    timer = clock.after(terminateMs, () => socket.terminate());
  };
  const isByPolicy = error.retry !== 'backoff';
  const delayMs = isByPolicy ? tarpit.delay(socket.remoteAddress) : 0;
  if (delayMs === 0) close();
  else timer = clock.after(delayMs, close);
  return () => timer?.cancel();
}
