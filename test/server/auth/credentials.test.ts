import { describe, expect, test } from 'vitest';

import { checkOrigin, redact, takeCredentials } from '../../../server/auth/credentials.js';
import type { UpgradeRequest } from '../../../server/transport/transport.js';
import { SyncError } from '../../../shared/errors.js';
import { hsToken } from './support.js';

const request = (headers: Record<string, string> = {}, query = ''): UpgradeRequest => ({
  path: '/notes',
  query,
  header: (name) => headers[name],
  remoteAddress: '127.0.0.1',
});

const a = hsToken({ sub: 'a' });
const b = hsToken({ sub: 'b' });
const page = { origin: 'https://app.example', host: 'app.example' };

type Row = [
  name: string,
  headers: Record<string, string>,
  query: string,
  token: string | undefined,
  subprotocol?: string,
];

describe('credentials', () => {
  const table: Row[] = [
    ['nothing', {}, '', undefined],
    ['a bearer', { authorization: `Bearer ${a}` }, '', a],
    ['a bearer in lower case', { authorization: `bearer  ${a} ` }, '', a],
    ['basic authentication', { authorization: 'Basic YTpi' }, '', undefined],
    ['a bearer without a token', { authorization: 'Bearer ' }, '', undefined],
    ['two bearers', { authorization: `Bearer ${a}, Bearer ${b}` }, '', undefined],
    ['a subprotocol alone', { 'sec-websocket-protocol': a }, '', a, a],
    ['a subprotocol after another', { 'sec-websocket-protocol': `heddle, ${a}` }, '', a, 'heddle'],
    ['a subprotocol before others', { 'sec-websocket-protocol': `${a} ,heddle,other` }, '', a, 'heddle'],
    ['two tokens as subprotocols', { 'sec-websocket-protocol': `${a}, ${b}` }, '', a, a],
    [
      'subprotocols without a token',
      { 'sec-websocket-protocol': 'chat.v1.json, b' },
      '',
      undefined,
      'chat.v1.json',
    ],
    ['empty subprotocols', { 'sec-websocket-protocol': ' , ,' }, '', undefined],
    ['the query', {}, `x=1&token=${a}`, a],
    ['the query, escaped', {}, `t%6Fken=${a.replaceAll('.', '%2E')}`, a],
    ['the query, empty', {}, 'token=', undefined],
    ['the query, not of token shape', {}, 'token=abc', 'abc'],
    ['the query, twice', {}, `token=${a}&token=${b}`, a],
    ['the query, another case', {}, `Token=${a}`, undefined],
    ['a broken query', {}, '%&=&%zz=%', undefined],
    [
      'a bearer before a subprotocol',
      { authorization: `Bearer ${a}`, 'sec-websocket-protocol': b },
      '',
      a,
      b,
    ],
    ['a subprotocol before the query', { 'sec-websocket-protocol': a }, `token=${b}`, a, a],
    ['the query before a cookie', { ...page, cookie: `t=${b}` }, `token=${a}`, a],
    ['a cookie', { ...page, cookie: `x=1; t=${a}; y=2` }, '', a],
    ['a cookie in quotes', { ...page, cookie: `t="${a}"` }, '', a],
    ['another cookie', { ...page, cookie: `xt=${a}; t2=${a}; T=${a}` }, '', undefined],
    ['an empty cookie', { ...page, cookie: 't=' }, '', undefined],
    ['a cookie without a value', { ...page, cookie: 't' }, '', undefined],
    ['a cookie without an origin', { host: 'app.example', cookie: `t=${a}` }, '', undefined],
    ['a cookie from elsewhere', { ...page, origin: 'https://evil.example', cookie: `t=${a}` }, '', undefined],
    [
      'a cookie from a subdomain',
      { ...page, origin: 'https://x.app.example', cookie: `t=${a}` },
      '',
      undefined,
    ],
    [
      'a cookie from a longer host',
      { ...page, origin: 'https://app.example.evil', cookie: `t=${a}` },
      '',
      undefined,
    ],
    [
      'a cookie from another port',
      { ...page, origin: 'https://app.example:8443', cookie: `t=${a}` },
      '',
      undefined,
    ],
    ['a cookie from null', { ...page, origin: 'null', cookie: `t=${a}` }, '', undefined],
    [
      'a cookie with a user in the origin',
      { ...page, origin: 'https://app.example@evil', cookie: `t=${a}` },
      '',
      undefined,
    ],
    ['a cookie, the default port written', { ...page, host: 'app.example:443', cookie: `t=${a}` }, '', a],
    ['a cookie without a host', { origin: page.origin, cookie: `t=${a}` }, '', undefined],
    [
      'a cookie from an allowed origin',
      { host: 'sync.example', origin: 'https://ok.example', cookie: `t=${a}` },
      '',
      a,
    ],
  ];
  test.each(table)('A1 %s', (_, headers, query, token, subprotocol) => {
    const options = { cookie: 't', origins: ['https://ok.example'] };
    expect(takeCredentials(request(headers, query), options)).toEqual({ token, subprotocol });
  });

  test('A1 no cookie is read unless one is named', () => {
    expect(takeCredentials(request({ ...page, cookie: `token=${a}` })).token).toBeUndefined();
  });

  test('O2 hostile headers cost nothing', () => {
    const long = 'e'.repeat(16_000);
    const before = performance.now();
    for (const text of [
      long,
      `${long}.`.repeat(2),
      'ey'.repeat(8000),
      '.'.repeat(16_000),
      ','.repeat(16_000),
    ]) {
      takeCredentials(
        request({ authorization: text, 'sec-websocket-protocol': text, cookie: text, ...page }, text),
        {
          cookie: 't',
        },
      );
      redact(`/x?${text}`);
    }
    expect(performance.now() - before).toBeLessThan(300);
  });
});

describe('origins', () => {
  const origins = ['https://app.example', 'http://localhost:3000'];
  const table: [name: string, origin: string | undefined, isAllowed: boolean][] = [
    ['listed', 'https://app.example', true],
    ['listed with a port', 'http://localhost:3000', true],
    ['none: not a browser', undefined, true],
    ['null', 'null', false],
    ['empty', '', false],
    ['another', 'https://evil.example', false],
    ['a subdomain', 'https://x.app.example', false],
    ['the name as a subdomain of another', 'https://app.example.evil', false],
    ['the name at the end of another', 'https://evilapp.example', false],
    ['the name as a user', 'https://app.example@evil.example', false],
    ['another scheme', 'http://app.example', false],
    ['another port', 'https://app.example:8443', false],
    ['the default port, written', 'https://app.example:443', false],
    ['another case', 'https://APP.example', false],
    ['a slash', 'https://app.example/', false],
    ['a trailing dot', 'https://app.example.', false],
    ['a port that is missing', 'http://localhost', false],
    ['a port that is longer', 'http://localhost:30001', false],
    ['two at once', 'https://app.example https://evil.example', false],
    ['a wildcard', '*', false],
    ['white space', ' https://app.example', false],
  ];
  test.each(table)('A1 %s', (_, origin, isAllowed) => {
    expect(isOriginAllowed(origin)).toBe(isAllowed);
  });

  function isOriginAllowed(origin: string | undefined): boolean {
    try {
      checkOrigin(request(origin === undefined ? {} : { origin }), origins);
      return true;
    } catch (error) {
      if (error instanceof SyncError && error.code === 'FORBIDDEN') return false;
      throw error;
    }
  }

  test('A1 any is allowed without a list, null if it is listed, none with an empty list', () => {
    expect(checkOrigin(request({ origin: 'https://evil.example' }), undefined)).toBeUndefined();
    expect(checkOrigin(request({ origin: 'null' }), ['null'])).toBeUndefined();
    expect(() => checkOrigin(request({ origin: 'https://app.example' }), [])).toThrow(
      expect.objectContaining({ code: 'FORBIDDEN', httpStatus: 403 }),
    );
  });
});

describe('what is logged', () => {
  const table: [url: string, logged: string][] = [
    ['/notes', '/notes'],
    [`/notes?token=${a}`, '/notes?token=[redacted]'],
    ['/notes?token=opaque&x=1', '/notes?token=[redacted]&x=1'],
    ['/notes?x=1&t%6Fken=opaque', '/notes?x=1&token=[redacted]'],
    ['/notes?token=a&token=b', '/notes?token=[redacted]&token=[redacted]'],
    [`/notes?other=${a}`, '/notes?other=[redacted]'],
    [`/notes?token=${a}?x`, '/notes?token=[redacted]'],
    [`/${a}?x=1`, '/[redacted]?x=1'],
    [`wss://host/notes?token=${a}#x`, 'wss://host/notes?token=[redacted]'],
    ['/chat.v1.json?y=a.b.c', '/chat.v1.json?y=a.b.c'],
    ['/?', '/?'],
  ];
  test.each(table)('A1 of %#', (url, logged) => {
    expect(redact(url)).toBe(logged);
  });
});
