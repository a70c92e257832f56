// Requests and replies of Node's http.

import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket as Stream } from 'node:net';

import type { Clock } from '../../../shared/clock.js';
import type { ReadClientAddress } from '../client-address.js';
import { isBodiless, replyBody, replyHeaders, type WriteOptions } from '../reply-head.js';
import type { RequestBody } from '../request-body.js';
import type { RequestHead } from '../request-head.js';
import type { Exchange } from '../requests.js';
import type { HttpReply } from '../transport.js';

/** A body is looked at so often, ms. One of which nothing has come since the last look is given up. */
const lookAtBodyMs = 8_000;

/** Path and query of a request. */
export type Target = Pick<RequestHead, 'path' | 'query'>;

/** As sent. A proxy's form of a URL, with scheme and host, loses both. */
export function targetOf({ url = '/' }: IncomingMessage): Target {
  const target = url.startsWith('/') ? url : url.replace(/^[a-z]+:\/\/[^/?]*/i, '');
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  return { path: path === '' ? '/' : path, query: mark === -1 ? '' : target.slice(mark + 1) };
}

/** Copies what is asked of the request, so that nobody keeps the request itself. */
export function copyHead(
  request: IncomingMessage,
  target: Target,
  readAddress: ReadClientAddress,
): RequestHead {
  const { headers, method = 'GET' } = request;
  const header = (name: string): string | undefined => {
    const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
    return Array.isArray(value) ? value.join(', ') : value;
  };
  const remoteAddress = readAddress(plainAddress(request.socket.remoteAddress ?? ''), header);
  return { method, ...target, header, remoteAddress };
}

/** IPv4 in IPv6 as IPv4, so that a client has one address on every socket. Node has the shortest form already. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}

/** A request of Node as the transport takes it. */
export function exchangeOf(request: IncomingMessage, response: ServerResponse, clock: Clock): Exchange {
  return {
    onGone: (gone) => {
      response.on('close', () => {
        if (!response.writableFinished) gone();
      });
    },
    receive: (body) => receiveBody(request, body, clock),
    write: (reply, options) => writeReply(response, reply, options),
  };
}

function receiveBody(request: IncomingMessage, body: RequestBody, clock: Clock): void {
  let hasCome = false;
  const timer = clock.every(lookAtBodyMs, () => {
    if (!hasCome) request.destroy();
    hasCome = false;
  });
  request.on('data', (chunk: Buffer) => {
    hasCome = true;
    body.take(chunk);
  });
  request.on('end', () => {
    timer.cancel();
    body.complete();
  });
  // It was cut off, which the response tells by its own end.
  request.on('error', () => body.abort());
  request.on('close', () => timer.cancel());
}

/** Writes a reply in one go. Throws, before anything is written, if a header would break the head apart. */
function writeReply(response: ServerResponse, reply: HttpReply, options: WriteOptions): void {
  const headers = replyHeaders(reply).flat();
  const body = replyBody(reply);
  const hasNone = isBodiless(reply.status);
  if (options.closeConnection) headers.push('connection', 'close');
  if (!hasNone) headers.push('content-length', String(body.length));
  response.writeHead(reply.status, STATUS_CODES[reply.status] ?? 'Unknown', headers);
  if (hasNone || options.isHead) response.end();
  else response.end(body);
}

/** Answers an upgrade request that is refused, and ends its connection. */
export function refuseUpgrade(stream: Stream, { status, body }: { status: number; body: string }): void {
  const bytes = Buffer.from(body);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}`,
    'Connection: close',
    `Content-Length: ${bytes.length}`,
  ];
  stream.once('finish', () => stream.destroy());
  stream.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), bytes]));
}

/** Whether a request that asks for an upgrade asks for a WebSocket. */
export function asksForWebSocket({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    headers['sec-websocket-key'] !== undefined
  );
}

/** What Node asks, since 22.21 and 24.9, of each request that offers an upgrade: false makes it a plain request. */
export interface UpgradeChoice {
  shouldUpgradeCallback?: (request: IncomingMessage) => boolean;
}

/**
 * For a Node that does not ask: gives a request whose wish for an upgrade nobody fulfils back to the server, without that wish.
 * RFC 9110 says that a server may ignore it. Such a Node takes the request for one to upgrade as soon as anybody listens for
 * upgrades, and its body for what comes after the upgrade. So head and body are put back into the stream, and the stream is
 * given to the server, which Node documents for its event `connection`.
 */
export function ignoreUpgrade(
  server: Server,
  request: IncomingMessage,
  stream: Stream,
  rest: Uint8Array,
): void {
  const { rawHeaders, method, url, httpVersion } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (!/^(?:connection|upgrade|http2-settings)$/i.test(name)) lines.push(`${name}: ${rawHeaders[i + 1]}`);
  }
  // Node reads heads as Latin-1.
  stream.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), rest]));
  server.emit('encrypted' in stream ? 'secureConnection' : 'connection', stream);
}
