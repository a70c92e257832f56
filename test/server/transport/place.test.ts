// Which transport a server gets, and where it is reached.

import { createServer } from 'node:http';
import { afterEach, expect, test } from 'vitest';

import { createServer as createHeddle } from '../../../server/create-server.js';
import { ConfigError } from '../../../server/errors.js';
import { openTransport } from '../../../server/transport/open-transport.js';
import { placeOf, type TransportName } from '../../../server/transport/place.js';
import type { Transport } from '../../../server/transport/transport.js';
import { systemClock } from '../../../shared/clock.js';
import { recordingLogger } from '../../support/test-server.js';
import { RecordingServer } from './recording-server.js';
import { testOptions } from './transport-harness.js';

const running: Transport[] = [];

afterEach(() => {
  for (const transport of running.splice(0)) transport.close();
});

/** The library that answers on the port. */
async function answering({ port }: Transport): Promise<TransportName> {
  const { headers } = await fetch(`http://127.0.0.1:${port}/`);
  return headers.has('uwebsockets') ? 'uws' : 'node';
}

async function open(transport: TransportName | undefined, load?: () => Promise<unknown>) {
  const logger = recordingLogger();
  const place = placeOf({ transport, host: '127.0.0.1', port: 0 });
  const server = new RecordingServer();
  const opened = await openTransport(place, testOptions, server, { logger, clock: systemClock }, load);
  running.push(opened);
  return { library: await answering(opened), lines: logger.lines };
}

test('T19 uWebSockets.js is taken where it can be loaded, and otherwise the log says in one line what is', async () => {
  expect(await open(undefined, async () => undefined)).toEqual({ library: 'uws', lines: [] });
  const fails = (): Promise<never> => Promise.reject(new ConfigError('no binary for Node v99'));
  const { library, lines } = await open(undefined, fails);
  expect(library).toBe('node');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(
    /^uWebSockets\.js cannot be used here: .*"transport":"node","reason":"no binary for Node v99"/,
  );
});

test('T19 an error that is not about loading is not taken for a missing binary', async () => {
  await expect(open(undefined, () => Promise.reject(new TypeError('odd')))).rejects.toThrow(TypeError);
});

test('T19 the transport that is named is taken, and the log says nothing', async () => {
  for (const name of ['uws', 'node'] as const) expect(await open(name)).toEqual({ library: name, lines: [] });
});

test('T26 options that contradict each other are a ConfigError, when the server is made', () => {
  const server = createServer();
  const path = '/sync';
  const wrong: [Parameters<typeof placeOf>[0], string][] = [
    [{ transport: 'other' as 'uws' }, 'transport must be uws or node'],
    [{ path }, '`path` goes with `server`'],
    [{ server }, '`server` wants a `path`'],
    [{ server, path: 'sync' }, '`path` is a path such as /sync'],
    [{ server, path: '/sync/' }, '`path` is a path such as /sync'],
    [{ server, path: '/' }, '`path` is a path such as /sync'],
    [{ server, path, basePath: '/sync' }, 'the base path is called `path`'],
    [{ basePath: 'sync' }, '`basePath` is a path such as /sync'],
    [{ basePath: '/sync?' }, '`basePath` is a path such as /sync'],
    [{ server, path, port: 1234 }, '`port` is that of `server`'],
    [{ server, path, host: 'localhost' }, '`host` is that of `server`'],
    [{ server, path, tls: { keyFile: 'a', certFile: 'b' } }, '`tls` is that of `server`'],
    [{ server, path, transport: 'uws' }, 'cannot attach to an HTTP server of Node'],
  ];
  for (const [options, message] of wrong) {
    const make = (): unknown => createHeddle({ auth: 'none', ...(options as object) });
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(message);
  }
  expect(placeOf({ server, path: '/a/b' })).toEqual({ kind: 'attached', server, basePath: '/a/b' });
  const own = { kind: 'own port', transport: undefined, host: 'localhost', port: 1234, basePath: '' };
  expect(placeOf({})).toEqual(own);
  expect(placeOf({ basePath: '/a' })).toEqual({ ...own, basePath: '/a' });
});
