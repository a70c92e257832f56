import { expect, test } from 'vitest';

import { ConfigError } from '../../../server/errors.js';
import { clientAddressReader } from '../../../server/transport/client-address.js';
import { recordingLogger } from '../../support/test-server.js';

function read(trusted: readonly string[], socket: string, headers: Readonly<Record<string, string>>): string {
  return clientAddressReader(trusted)(socket, (name) => headers[name]);
}

const proxies = ['10.0.0.0/8', '192.0.2.7', '2001:db8:1::/48'];

test.each<[string, string, Readonly<Record<string, string>>, string]>([
  ['no header', '10.1.1.1', {}, '10.1.1.1'],
  ['one hop', '10.1.1.1', { 'x-forwarded-for': '203.0.113.5' }, '203.0.113.5'],
  ['a socket that is no proxy', '198.51.100.1', { 'x-forwarded-for': '203.0.113.5' }, '198.51.100.1'],
  ['what the client wrote itself', '10.1.1.1', { 'x-forwarded-for': '1.1.1.1, 203.0.113.5' }, '203.0.113.5'],
  ['two proxies', '10.1.1.1', { 'x-forwarded-for': '1.1.1.1, 203.0.113.5, 192.0.2.7' }, '203.0.113.5'],
  ['nothing but proxies', '10.1.1.1', { 'x-forwarded-for': '10.0.0.2,10.0.0.3' }, '10.0.0.2'],
  ['a name that hides', '10.1.1.1', { 'x-forwarded-for': '1.1.1.1, unknown' }, '10.1.1.1'],
  ['an empty header', '10.1.1.1', { 'x-forwarded-for': '' }, '10.1.1.1'],
  ['a port', '10.1.1.1', { 'x-forwarded-for': '203.0.113.5:4711' }, '203.0.113.5'],
  ['IPv6', '2001:db8:1::9', { 'x-forwarded-for': '2001:DB8:0:0:0:0:0:5' }, '2001:db8::5'],
  ['IPv4 in IPv6', '10.1.1.1', { 'x-forwarded-for': '::ffff:203.0.113.5' }, '203.0.113.5'],
  [
    'Forwarded',
    '10.1.1.1',
    { forwarded: 'for=1.1.1.1, for=203.0.113.5;proto=https;by=10.0.0.1' },
    '203.0.113.5',
  ],
  [
    'Forwarded with IPv6 and port',
    '10.1.1.1',
    { forwarded: 'proto=https; For="[2001:db8::5]:4711"' },
    '2001:db8::5',
  ],
  ['Forwarded hides', '10.1.1.1', { forwarded: 'for=_hidden' }, '10.1.1.1'],
  ['Forwarded without for', '10.1.1.1', { forwarded: 'proto=https' }, '10.1.1.1'],
  ['both headers', '10.1.1.1', { forwarded: 'for=1.1.1.1', 'x-forwarded-for': '9.9.9.9,1.1.1.1' }, '1.1.1.1'],
])('T16 the address of a client behind trusted proxies: %s', (_name, socket, headers, expected) => {
  expect(read(proxies, socket, headers)).toBe(expected);
});

test('T16 without trusted proxies no header counts', () => {
  expect(read([], '10.1.1.1', { 'x-forwarded-for': '203.0.113.5' })).toBe('10.1.1.1');
});

test('T16 a long header costs little, and its right end counts', () => {
  const header = `${'1.1.1.1,'.repeat(1000)}203.0.113.5`;
  expect(read(proxies, '10.1.1.1', { 'x-forwarded-for': header })).toBe('203.0.113.5');
});

test.each(['', 'proxy.internal', '10.0.0.0/33', '10.0.0.0/', '::1/129', '10.0.0.0/8/8', '10.0.0'])(
  'F4 %j is refused as a trusted proxy',
  (entry) => {
    expect(() => clientAddressReader([entry])).toThrow(ConfigError);
  },
);

test('T30 where the two headers contradict each other the proxy’s address counts, and the log says so once', () => {
  const logger = recordingLogger();
  const reader = clientAddressReader(proxies, logger);
  const headers: Record<string, string> = { forwarded: 'for=1.1.1.1', 'x-forwarded-for': '203.0.113.5' };
  for (let i = 0; i < 3; i++) expect(reader('10.1.1.1', (name) => headers[name])).toBe('10.1.1.1');
  expect(logger.lines).toEqual([
    expect.stringMatching(/^Forwarded and X-Forwarded-For name different clients/),
  ]);
});

test.each([
  ['127.0.0.1', { 'x-forwarded-for': '203.0.113.5' }, 1],
  ['192.168.3.4', { forwarded: 'for=203.0.113.5' }, 1],
  ['::1', { 'x-forwarded-for': '203.0.113.5' }, 1],
  ['127.0.0.1', {}, 0],
  // Advice to trust whoever has sent this would be bad advice.
  ['198.51.100.1', { 'x-forwarded-for': '203.0.113.5' }, 0],
  ['10.1.1.1', { 'x-forwarded-for': '203.0.113.5' }, 0],
] as const)('T31 a proxy at %s that says %j is warned of: %d', (socket, headers, warnings) => {
  const logger = recordingLogger();
  const reader = clientAddressReader(proxies, logger);
  for (let i = 0; i < 3; i++) reader(socket, (name) => (headers as Record<string, string>)[name]);
  expect(logger.lines).toHaveLength(warnings);
  for (const line of logger.lines) expect(line).toContain(`--trusted-proxy {"proxy":"${socket}"}`);
});
