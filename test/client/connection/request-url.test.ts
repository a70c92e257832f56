// The URLs that the transports of the client ask.

import { expect, test } from 'vitest';
import { longPoll } from '../../../client/connection/long-poll.js';
import { webSockets } from '../../../client/connection/socket.js';
import { systemClock } from '../../../shared/clock.js';

const ignored = { opened() {}, frame() {}, closed() {} };

/** What each transport asks for first. */
async function asked(address: string): Promise<readonly [string, string]> {
  const urls: string[] = [];
  class Noting extends EventTarget {
    binaryType = '';
    readonly readyState = 0;
    readonly bufferedAmount = 0;
    constructor(url: string) {
      super();
      urls.push(url);
    }
    send(): void {}
    close(): void {}
  }
  webSockets(Noting as unknown as Parameters<typeof webSockets>[0])(address, ignored).close();
  const fetches = (url: string): Promise<Response> => {
    urls.push(url);
    return Promise.resolve(new Response('', { status: 404 }));
  };
  longPoll(fetches, systemClock)(address, ignored);
  await new Promise((resolve) => setTimeout(resolve));
  const [webSocket = '', http = ''] = urls;
  return [webSocket, http];
}

test.each([
  ['ws://host', 'ws://host/', 'http://host/session'],
  ['ws://host/', 'ws://host/', 'http://host/session'],
  ['wss://host/sync', 'wss://host/sync/', 'https://host/sync/session'],
  ['wss://host/sync/', 'wss://host/sync/', 'https://host/sync/session'],
  ['wss://host:8443/a/b?c=d#e', 'wss://host:8443/a/b/?c=d', 'https://host:8443/a/b/session?c=d'],
  ['https://host/sync', 'wss://host/sync/', 'https://host/sync/session'],
])('T27 %s is asked below one path by both transports', async (address, webSocket, http) => {
  expect(await asked(address)).toEqual([webSocket, http]);
});
