// Requests and replies of uWebSockets.js. A native request lives until its handler returns, so all of it is copied at once.

import { STATUS_CODES } from 'node:http';

import type { ReadClientAddress } from '../client-address.js';
import { isBodiless, replyBody, replyHeaders, type WriteOptions } from '../reply-head.js';
import type { RequestBody } from '../request-body.js';
import type { RequestHead } from '../request-head.js';
import type { HttpReply } from '../transport.js';
import type { NativeRequest, NativeResponse } from './binary.js';

/** Copies a request before its handler returns. Headers sent twice are joined as RFC 9110 says. */
export function copyHead(
  request: NativeRequest,
  response: NativeResponse,
  readAddress: ReadClientAddress,
): RequestHead {
  const headers = new Map<string, string>();
  request.forEach((name, value) => {
    const before = headers.get(name);
    const separator = name === 'cookie' ? '; ' : ', ';
    headers.set(name, before === undefined ? value : `${before}${separator}${value}`);
  });
  const header = (name: string): string | undefined => headers.get(name);
  return {
    method: request.getMethod().toUpperCase(),
    path: request.getUrl(),
    query: request.getQuery() ?? '',
    header,
    remoteAddress: readAddress(addressText(new Uint8Array(response.getRemoteAddress())), header),
  };
}

/** An address in its shortest text form; IPv4 in IPv6 as IPv4, so that a client has one address on every socket. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return '';
  const isMapped =
    bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (isMapped) return bytes.subarray(12).join('.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** Fills the body from the request. Must be called before the request's handler returns. */
export function receiveBody(response: NativeResponse, body: RequestBody): void {
  response.onData((chunk, isLast) => {
    // The chunk is the binary's own memory, and valid until this call returns.
    if (body.isReceiving) body.take(new Uint8Array(chunk.slice(0)));
    if (isLast) body.complete();
  });
}

/** Writes a reply in one go. Throws, before anything is written, if a header would break the head apart. */
export function writeReply(response: NativeResponse, reply: HttpReply, options: WriteOptions): void {
  const headers = replyHeaders(reply);
  const body = replyBody(reply);
  response.cork(() => {
    response.writeStatus(`${reply.status} ${STATUS_CODES[reply.status] ?? 'Unknown'}`);
    for (const [name, value] of headers) response.writeHeader(name, value);
    const hasNone = isBodiless(reply.status);
    if (options.closeConnection || !(hasNone || options.isHead)) {
      response.end(hasNone || options.isHead ? '' : body, options.closeConnection);
      return;
    }
    if (!hasNone) response.writeHeader('content-length', String(body.length));
    response.endWithoutBody();
  });
}
