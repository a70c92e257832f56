// Heddle as its users run it: the command, durable, with tokens.

import { randomBytes } from 'node:crypto';
import { createToken } from '../../token/index.js';
import { builtFile } from './built-file.js';
import { heddle, heddleNative, heddleWs } from '../results.js';
import { processTarget, type Launch, type Place, type ProcessTargetOptions } from './process-target.js';
import type { Target } from './target.js';

const tokenTtlS = 24 * 60 * 60;

/** With stock clients. */
export function heddleTarget(): Target {
  return target({
    name: heddle,
    description: 'Heddle with its defaults: fsync before an update is acknowledged; tokens on',
    protocol: 'y-websocket',
  });
}

/** The same server, with clients of its own. */
export function heddleNativeTarget(): Target {
  return target({
    name: heddleNative,
    description:
      'the same server, whose clients speak its own protocol; what one sent counts as delivered to it when it is acknowledged, ' +
      'as it counts elsewhere when it comes back',
    protocol: 'native',
  });
}

/** With stock clients, on the transport that needs no binary. */
export function heddleWsTarget(): Target {
  return target(
    {
      name: heddleWs,
      description: "the same server on Node's own http and ws instead of uWebSockets.js",
      protocol: 'y-websocket',
    },
    ['--transport=node'],
  );
}

function target(
  options: Pick<ProcessTargetOptions, 'name' | 'description' | 'protocol'>,
  flags: readonly string[] = [],
): Target {
  return processTarget({
    ...options,
    capabilities: ['sync', 'awareness', 'acknowledgements', 'storage', 'durable', 'restart'],
    prepare: async () => void builtFile('#heddle-command'),
    launch: (place) => launch(place, flags),
  });
}

async function launch({ host, port, data }: Place, flags: readonly string[]): Promise<Launch> {
  const secret = randomBytes(32).toString('hex');
  const docs = [{ pattern: '**', access: 'write' }] as const;
  return {
    command: [
      process.execPath,
      builtFile('#heddle-command'),
      'serve',
      `--host=${host}`,
      `--port=${port}`,
      `--data=${data}`,
      ...flags,
    ],
    folder: data,
    env: { JWT_SECRET: secret },
    isReady: (line) => line.includes('"msg":"listening"'),
    token: await createToken({ secret, sub: 'bench', docs, ttlS: tokenTtlS }),
  };
}
