// What the tests of all transports share: a server on a free port with a handler that can be written in a line.

import { systemClock } from '../../../shared/clock.js';
import { defaultLimits } from '../../../shared/limits.js';
import { type Logger, silentLogger } from '../../../shared/logger.js';
import type {
  Socket,
  SocketHandler,
  Transport,
  TransportDependencies,
  TransportHandler,
  TransportOptions,
} from '../../../server/transport/transport.js';
import { listenNode } from '../../../server/transport/node/listen.js';
import { listenUws } from '../../../server/transport/uws/listen.js';

export const testOptions: TransportOptions = {
  host: '127.0.0.1',
  port: 0,
  maxMessageBytes: 1 << 20,
  maxBufferedBytes: 4 << 20,
  maxBodyBytes: 1 << 20,
  maxHttpConnections: 100,
  idleTimeoutS: 30,
  limits: defaultLimits,
  trustedProxies: [],
};

export type Listen = (
  options: TransportOptions,
  handler: TransportHandler,
  dependencies: TransportDependencies,
) => Promise<Transport>;

/** Every transport that listens on a port of its own. */
export const listeners: Readonly<Record<'uws' | 'node', Listen>> = { uws: listenUws, node: listenNode };
export type TransportName = keyof typeof listeners;
export const transportNames = Object.keys(listeners) as readonly TransportName[];

/** Starts a server; what the handler does not say is: accept everything, answer 200. */
export function startTransport(
  name: TransportName,
  handler: Partial<TransportHandler> & { open?: (socket: Socket) => Partial<SocketHandler> } = {},
  options: Partial<TransportOptions> = {},
  logger: Logger = silentLogger,
): Promise<Transport> {
  const silent: SocketHandler = { message() {}, drained() {}, dropped() {}, closed() {} };
  const complete: TransportHandler = {
    upgrade: () => ({
      accept: true,
      isTrusted: true,
      open: (socket) => ({ ...silent, ...handler.open?.(socket) }),
    }),
    request: () => ({ status: 200, body: 'ok' }),
    ...handler,
  };
  return listeners[name]({ ...testOptions, ...options }, complete, { logger, clock: systemClock });
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Waits until the condition holds; fails after some seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`never: ${String(condition)}`);
    await sleep(2);
  }
}
