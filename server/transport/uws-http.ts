// Requests and replies of uWebSockets.js. A native request lives until its handler returns, so all of it is copied at once.

import { STATUS_CODES } from 'node:http';

import { SyncError } from '../../shared/errors.js';
import type { ReadClientAddress } from './client-address.js';
import type { HttpReply, HttpRequest, UpgradeRequest } from './transport.js';
import type { NativeRequest, NativeResponse } from './uws-binary.js';

/** A request head, copied. */
export interface RequestHead extends UpgradeRequest {
  readonly method: string;
}

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

/** Collects the body of a request as it comes, so that none of it is lost while the handler thinks. */
export class RequestBody {
  readonly #maxBytes: number;
  readonly #announcedBytes: number;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #state: 'receiving' | 'complete' | 'too-large' | 'gone' = 'receiving';
  #waiting: (() => void)[] = [];

  /** Must be made before the request's handler returns. */
  constructor(response: NativeResponse, head: RequestHead, maxBytes: number) {
    this.#maxBytes = maxBytes;
    const isChunked = head.header('transfer-encoding') !== undefined;
    this.#announcedBytes = isChunked ? Infinity : Number(head.header('content-length') ?? 0);
    if (!isChunked && this.#announcedBytes > maxBytes) this.#end('too-large');
    response.onData((chunk, isLast) => this.#take(chunk, isLast));
  }

  /** Whether all of it was taken, or what is still to come is little enough to be read and thrown away. */
  get endsSoon(): boolean {
    return this.#state === 'complete' || this.#announcedBytes <= 2 * this.#maxBytes;
  }

  async read(): Promise<Uint8Array> {
    if (this.#state === 'receiving') await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#state === 'too-large') {
      throw new SyncError('FRAME_TOO_LARGE', `a request body is at most ${this.#maxBytes} bytes`);
    }
    if (this.#state === 'gone') throw new SyncError('FRAME_MALFORMED', 'the request body ended early');
    return Buffer.concat(this.#chunks);
  }

  abort(): void {
    if (this.#state === 'receiving') this.#end('gone');
  }

  #take(chunk: ArrayBuffer, isLast: boolean): void {
    if (this.#state !== 'receiving') return;
    this.#bytes += chunk.byteLength;
    if (this.#bytes > this.#maxBytes) return this.#end('too-large');
    if (chunk.byteLength > 0) this.#chunks.push(new Uint8Array(chunk.slice(0)));
    if (isLast) this.#end('complete');
  }

  #end(state: 'complete' | 'too-large' | 'gone'): void {
    this.#state = state;
    if (state !== 'complete') this.#chunks = [];
    for (const resolve of this.#waiting) resolve();
    this.#waiting = [];
  }
}

/** A copied request with its body. */
export function withBody(head: RequestHead, body: RequestBody): HttpRequest {
  return { ...head, body: () => body.read() };
}

// What would end a header early and begin another one.
// oxlint-disable-next-line no-control-regex -- reason: control characters are what this refuses
const unsafeInHeader = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/** Writes a reply in one go. Throws, before anything is written, if a header would break the head apart. */
export function writeReply(
  response: NativeResponse,
  reply: HttpReply,
  options: { readonly isHead: boolean; readonly closeConnection: boolean },
): void {
  const headers = Object.entries(reply.headers ?? {});
  for (const [name, value] of headers) {
    if (unsafeInHeader.test(name) || unsafeInHeader.test(value)) {
      throw new TypeError(`the header ${JSON.stringify(name)} of a reply holds a control character`);
    }
  }
  const body = typeof reply.body === 'string' ? Buffer.from(reply.body) : (reply.body ?? new Uint8Array());
  response.cork(() => {
    response.writeStatus(`${reply.status} ${STATUS_CODES[reply.status] ?? 'Unknown'}`);
    for (const [name, value] of headers) response.writeHeader(name, value);
    const isBodiless = reply.status === 204 || reply.status === 304;
    if (options.closeConnection || !(isBodiless || options.isHead)) {
      response.end(isBodiless || options.isHead ? '' : body, options.closeConnection);
      return;
    }
    if (!isBodiless) response.writeHeader('content-length', String(body.length));
    response.endWithoutBody();
  });
}
