// Chooses a port that a server can be given twice: the system's own choice may go to somebody else while it is stopped.

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below what systems hand out for outgoing connections, of which a load makes thousands. */
const [lowest, highest] = [20_000, 32_000];
const maxTries = 50;

/** A port of this host that nobody listens on. */
export async function freePort(host: string): Promise<number> {
  for (let tries = 0; tries < maxTries; tries++) {
    const port = randomInt(lowest, highest);
    if (await isFree(host, port)) return port;
  }
  throw new Error(`no free port on ${host} between ${lowest} and ${highest}`);
}

function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
