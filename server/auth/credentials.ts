// Where a client may put its token in an upgrade request, and where a browser may come from.

import { SyncError } from '../../shared/errors.js';
import type { UpgradeRequest } from '../transport/transport.js';
import { looksLikeToken, withoutTokens } from './token-shape.js';

/** What an upgrade request brought along. */
export interface Credentials {
  readonly token: string | undefined;
  /** To be named in the answer: browsers fail a handshake whose answer names none of the offered ones. */
  readonly subprotocol: string | undefined;
}

export interface CredentialOptions {
  /** Name of a cookie that may carry the token. */
  readonly cookie?: string | undefined;
  /** Allow-list of origins. */
  readonly origins?: readonly string[] | undefined;
}

/**
 * Takes the token out of an upgrade request: from `Authorization`, from the offered subprotocols, from the query, and
 * last, if the options name one and the origin is ours, from a cookie.
 */
export function takeCredentials(request: UpgradeRequest, options: CredentialOptions = {}): Credentials {
  const offered = splitList(request.header('sec-websocket-protocol'), ',');
  const fromProtocol = offered.find(looksLikeToken);
  return {
    token:
      bearerToken(request.header('authorization')) ??
      fromProtocol ??
      nonEmpty(new URLSearchParams(request.query).get('token')) ??
      cookieToken(request, options),
    subprotocol: offered.find((name) => !looksLikeToken(name)) ?? fromProtocol,
  };
}

/**
 * Holds a browser to the allow-list: exact, and a list that is absent allows all. What sends no Origin is not a browser.
 * Throws SyncError FORBIDDEN.
 */
export function checkOrigin(request: UpgradeRequest, origins: readonly string[] | undefined): void {
  const origin = request.header('origin');
  if (origins === undefined || origin === undefined || origins.includes(origin)) return;
  throw new SyncError('FORBIDDEN', 'this origin is not allowed');
}

/** A URL, or a path with its query, that may be logged: without the value of `token` and without anything token-like. */
export function redact(url: string): string {
  const start = url.indexOf('?') + 1;
  if (start === 0) return withoutTokens(url);
  const query = url
    .slice(start)
    .split('&')
    .map((pair) => (parameterName(pair) === 'token' ? 'token=[redacted]' : pair));
  return withoutTokens(url.slice(0, start) + query.join('&'));
}

/** The token of an `Authorization` header; undefined where there is none. */
export function bearerToken(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /^bearer +([^\s,]+) *$/i.exec(header)?.[1];
}

/** A cookie is sent whoever asks for it, so it counts only from a page of ours. */
function cookieToken(request: UpgradeRequest, { cookie, origins }: CredentialOptions): string | undefined {
  const origin = request.header('origin');
  if (cookie === undefined || origin === undefined) return undefined;
  if (!isSameHost(origin, request.header('host')) && origins?.includes(origin) !== true) return undefined;
  for (const pair of splitList(request.header('cookie'), ';')) {
    const equals = pair.indexOf('=');
    if (pair.slice(0, equals).trim() !== cookie) continue;
    return nonEmpty(
      pair
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, '$1'),
    );
  }
  return undefined;
}

/** Whether a page's origin is the host that was asked, default ports aside. */
function isSameHost(origin: string, host: string | undefined): boolean {
  if (host === undefined || !/^https?:\/\/[^/]+$/.test(origin)) return false;
  const asked = `${origin.slice(0, origin.indexOf(':'))}://${host}`;
  return URL.canParse(origin) && URL.canParse(asked) && new URL(origin).origin === new URL(asked).origin;
}

function splitList(header: string | undefined, separator: string): string[] {
  return (header ?? '')
    .split(separator)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

function parameterName(pair: string): string | undefined {
  return new URLSearchParams(pair).keys().next().value;
}

function nonEmpty(text: string | null): string | undefined {
  return text === null || text === '' ? undefined : text;
}
