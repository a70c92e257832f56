// What is left when a server does nothing but pass messages on: the floor, and what it costs to go below it.

import { join } from 'node:path';
import { builtFile } from './built-file.js';
import { processTarget } from './process-target.js';
import type { Target } from './target.js';

const windowMs = 5;

/** Every message goes to everybody at once. */
export function bareTarget(): Target {
  return relay('bare', 'a relay of uWebSockets.js: no documents, no tokens, nothing is stored', 0);
}

/** Messages of a room wait for each other. */
export function bareWindowTarget(): Target {
  const what = `the same relay, but what comes for a room within ${windowMs} ms leaves in one write to each socket`;
  return relay(`bare-${windowMs}ms`, what, windowMs);
}

function relay(name: string, description: string, window: number): Target {
  return processTarget({
    name,
    description,
    protocol: 'y-websocket',
    capabilities: ['awareness'],
    prepare: async () => void builtFile('#bench-peers'),
    launch: ({ host, port, data }) => ({
      command: [process.execPath, program()],
      folder: data,
      env: { HOST: host, PORT: String(port), WINDOW_MS: String(window) },
      isReady: (line) => line.startsWith('READY'),
    }),
  });
}

/** Not copied to the peers' folder: it runs on the uWebSockets.js of this package. */
function program(): string {
  return join(builtFile('#bench-peers'), '..', 'bare', 'relay.mjs');
}
