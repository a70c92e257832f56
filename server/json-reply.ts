// A reply of JSON to an HTTP request.

import type { HttpReply } from './transport/transport.js';

/** A reply that nobody may keep. */
export function jsonReply(status: number, body: unknown): HttpReply {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
    body: JSON.stringify(body),
  };
}
