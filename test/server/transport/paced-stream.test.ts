// The stream under a WebSocket of Node, piece by piece.

import type { Socket as Stream } from 'node:net';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { PacedStream } from '../../../server/transport/node/paced-stream.js';
import { sleep } from './transport-harness.js';

/** A connection that fails with the first write. The client has reset it. */
class ResetStream extends Writable {
  writes = 0;

  override write(...given: unknown[]): boolean {
    // A loop that does not end would keep the test from failing.
    if (++this.writes > 1_000) throw new Error('written to without an end');
    return Reflect.apply(super.write, this, given) as boolean;
  }

  override _write(_chunk: unknown, _encoding: unknown, done: (error: Error) => void): void {
    done(new Error('ECONNRESET'));
  }
}

test('T7 a stream that has failed is not written to for ever', async () => {
  const stream = new ResetStream();
  const failed: unknown[] = [];
  stream.on('error', (error) => failed.push(error));
  let shrunk = 0;
  const paced = new PacedStream(stream as unknown as Stream, () => shrunk++);
  paced.write(Buffer.alloc(100_000));
  paced.write(Buffer.alloc(100));
  await sleep(10);
  expect(failed).toMatchObject([{ message: 'ECONNRESET' }]);
  expect(stream.writes).toBeLessThan(10);
  expect(shrunk).toBe(0);
});
