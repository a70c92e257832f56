// `heddle serve`: runs a server until it is told to stop.

import { pino, type DestinationStream } from 'pino';
import { firstClient } from '../api/welcome.js';
import { createServer, type HeddleServer } from '../create-server.js';
import { readServeConfig, serveHelp, type LogFormat } from '../config/read-config.js';
import { asksForHelp } from '../config/arguments.js';
import type { Environment } from '../config/resolve-options.js';
import { exitCodes, StoreError } from '../errors.js';
import type { ServerOptions } from '../options.js';
import { prettyLine } from './pretty-log.js';

/** A drain that takes longer has met something that will not end. */
const maxDrainMs = 10_000;

/** Resolves with the exit code once the server has stopped. Rejects with ConfigError or StoreError when it cannot start. */
export async function serveCommand(
  argv: readonly string[],
  env: Environment,
  print: (text: string) => Promise<void>,
): Promise<number> {
  if (asksForHelp(argv)) {
    await print(serveHelp());
    return 0;
  }
  const { options, logLevel, logFormat, warnings } = readServeConfig(argv, env);
  const logger = pino(
    { level: logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    logStream(logFormat),
  );
  for (const warning of warnings) logger.warn({}, warning);
  let failed: Error | undefined;
  let fail: (error: Error) => void = () => {};
  const failure = new Promise<Error>((resolve) => {
    fail = resolve;
  });
  const server = createServer({
    ...options,
    logger,
    onFailure(error) {
      failed = error;
      fail(error);
    },
  });
  const stopped = untilSignal();
  await server.listen();
  const url = announce(server, options, (fields) => logger.info(fields, 'listening'));
  if (process.stdout.isTTY || logFormat === 'pretty') await print(`\n${forPeople(url, options)}\n`);
  const end = await Promise.race([stopped, failure]);
  if (end instanceof Error) logger.error({ err: end }, 'stopping: the store has failed');
  else logger.info({ signal: end }, 'stopping');
  const isClean = await drain(server, (error) =>
    logger.error({ err: error }, 'not everything could be written'),
  );
  logger.info({}, 'stopped');
  // Also one that failed while it drained.
  if (failed instanceof StoreError && failed.code === 'STORE_FULL') return exitCodes.full;
  return isClean && failed === undefined ? 0 : exitCodes.broken;
}

/** Written at once, so that nothing is lost at the end. */
function logStream(format: LogFormat): DestinationStream {
  const stream = pino.destination({ dest: 1, sync: true });
  return format === 'json' ? stream : { write: (line) => void stream.write(prettyLine(line)) };
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process on the spot. */
function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isFirst = true;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (!isFirst) process.exit(exitCodes.broken);
        isFirst = false;
        resolve(signal);
      });
    }
  });
}

async function drain(server: HeddleServer, report: (error: unknown) => void): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`draining took longer than ${maxDrainMs} ms`)), maxDrainMs);
  });
  try {
    await Promise.race([server.close(), late]);
    return true;
  } catch (error) {
    report(error);
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** What to do next, for who has started the server by hand. */
function forPeople(url: string, { auth, demo }: ServerOptions): string {
  if (demo === true) return `  Open ${url} in two windows.`;
  if (auth !== 'none')
    return `  Open documents at ${url.replace(/^http/, 'ws')} with a token: heddle token --help`;
  const client = firstClient(url.replace(/^http/, 'ws').replace(/\/$/, ''));
  return `  A client, after npm install heddle yjs (${url} shows it, too):\n\n${client}`;
}

/** Logs where the server listens. Returns its URL. */
function announce(server: HeddleServer, options: ServerOptions, log: (fields: object) => void): string {
  const host = options.host ?? 'localhost';
  const scheme = options.tls === undefined ? 'http' : 'https';
  const { basePath = '' } = options;
  const url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${server.port}${basePath}/`;
  log({ host, port: server.port, url, pid: process.pid });
  return url;
}
