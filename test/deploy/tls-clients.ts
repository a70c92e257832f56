// Clients that believe the certificate of one test, and nobody else's.

import { request } from 'node:https';
import { WebSocket } from 'ws';
import type { Fetch } from '../../client/connection/long-poll.js';

/** What a client says of its address, and the one that it has: any in 127.0.0.0/8. */
export interface From {
  readonly headers?: Readonly<Record<string, string>>;
  readonly localAddress?: string;
}

/** A WebSocket class. */
export function webSocketWith(ca: Buffer, from: From = {}): typeof WebSocket {
  return class extends WebSocket {
    constructor(url: string, protocols?: string[]) {
      super(url, protocols, { ca, family: 4, ...from });
    }
  } as typeof WebSocket;
}

/** A `fetch`, as far as the client uses it. */
export function fetchWith(ca: Buffer, { headers, localAddress }: From = {}): Fetch {
  return (url, init) =>
    new Promise((resolve, reject) => {
      const all = { ...headers, ...(init.headers as Record<string, string> | undefined) };
      const { method = 'GET', signal } = init;
      const place = localAddress === undefined ? {} : { localAddress };
      const options = { method, ca, family: 4, headers: all, ...place, ...(signal ? { signal } : {}) };
      const sent = request(url, options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const status = response.statusCode ?? 0;
          const body = status === 204 ? null : Buffer.concat(chunks);
          resolve(new Response(body, { status, headers: response.headers as Record<string, string> }));
        });
      });
      sent.on('error', reject);
      sent.end(init.body as Uint8Array | undefined);
    });
}
