// The server that `--url` names, as a target.

import type { ResolvedOptions } from '../../server/config/resolve-options.js';
import { ConfigError } from '../../server/errors.js';
import { usageOf } from '../process-usage.js';
import type { ProtocolName } from '../protocol/protocol.js';
import { externalTarget } from '../targets/external.js';
import type { Target } from '../targets/target.js';

/** Undefined without `--url`. Throws ConfigError. */
export function givenServer(given: ResolvedOptions): Target | undefined {
  const url = given.text('url');
  const [protocol, pid, token] = [given.text('protocol'), given.number('pid'), given.text('token')];
  if (url === undefined) {
    const idle = ['protocol', 'pid', 'token'].find((flag) => given.source(flag) !== undefined);
    if (idle !== undefined) throw new ConfigError(`--${idle} has no use without --url`);
    return undefined;
  }
  checkUrl(url);
  if (pid !== undefined) checkProcess(pid);
  return externalTarget({
    url,
    protocol: (protocol ?? 'y-websocket') as ProtocolName,
    ...(pid === undefined ? {} : { pid }),
    ...(token === undefined ? {} : { token }),
  });
}

function checkUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['ws:', 'wss:'].includes(url.protocol))
    throw new ConfigError('--url must be like ws://host:port or wss://host');
  if (url.username !== '' || url.search !== '' || url.hash !== '')
    throw new ConfigError('--url must be without a user, a query and a fragment; --token is for the token');
}

function checkProcess(pid: number): void {
  try {
    usageOf(pid);
  } catch (cause) {
    throw new ConfigError(`--pid: process ${pid} is not there to be read`, { cause });
  }
}
