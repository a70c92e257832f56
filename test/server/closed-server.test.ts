// A server that was closed before it listened.

import { expect, it } from 'vitest';
import { createServer } from '../../server/create-server.js';

it('O3: does not listen any more, as nobody would close it', async () => {
  const server = createServer({ port: 0, auth: 'none', data: '/nowhere/at/all' });
  await server.close();
  await expect(server.listen()).rejects.toThrow('the server was closed');
  expect(() => server.port).toThrow('not listening');
});
