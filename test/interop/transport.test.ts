// That this folder's suites run on the transport that their project names (vitest.config.ts).

import { expect, test } from 'vitest';
import { serverForTest } from '../support/test-server.js';

test('T19 the server of a suite is on the transport that the suite is run on', async () => {
  const { port } = await serverForTest();
  const { headers } = await fetch(`http://127.0.0.1:${port}/healthz`);
  const name = headers.has('uwebsockets') ? 'uws' : 'node';
  const wanted = process.env['HEDDLE_TRANSPORT'];
  expect(['uws', 'node']).toContain(name);
  if (wanted !== undefined) expect(name).toBe(wanted);
});
