// What the head of a reply may hold, whichever library writes it.

import type { HttpReply } from './transport.js';

// What would end a header early and begin another one.
// oxlint-disable-next-line no-control-regex -- reason: control characters are what this refuses
const unsafeInHeader = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/** How a reply is to be written. */
export interface WriteOptions {
  /** The request was a HEAD: the reply has the length of the body, and no body. */
  readonly isHead: boolean;
  /** The connection ends after the reply, because the rest of the request is not read. */
  readonly closeConnection: boolean;
}

/** The headers of a reply. Throws TypeError if one of them would break the head apart. */
export function replyHeaders({ headers = {} }: HttpReply): (readonly [name: string, value: string])[] {
  const entries = Object.entries(headers);
  for (const [name, value] of entries) {
    if (unsafeInHeader.test(name) || unsafeInHeader.test(value)) {
      throw new TypeError(`the header ${JSON.stringify(name)} of a reply holds a control character`);
    }
  }
  return entries;
}

export function replyBody({ body = new Uint8Array() }: HttpReply): Uint8Array {
  return typeof body === 'string' ? Buffer.from(body) : body;
}

/** A reply with this status has neither a body nor a length. */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 304;
}
