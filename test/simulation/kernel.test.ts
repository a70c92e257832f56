// What the imagined kernels of a simulated world do to a server, beside what the transport's contract asks of them.

import { expect, test } from 'vitest';
import { createMemoryTransport, type MemoryClient } from '../support/memory-transport.js';
import { SeededRandom } from '../support/seeded-random.js';
import type { Socket } from '../../server/transport/transport.js';

function connected(): {
  client: MemoryClient;
  socket: Socket;
  settle: () => Promise<void>;
  drained: number[];
} {
  const drained: number[] = [];
  let socket: Socket | undefined;
  const transport = createMemoryTransport({
    upgrade: () => ({
      accept: true,
      open(opened) {
        socket = opened;
        return {
          message() {},
          drained: () => void drained.push(opened.bufferedBytes),
          dropped() {},
          closed() {},
        };
      },
    }),
    request: async () => ({ status: 404 }),
  });
  const client = transport.connect('/');
  return { client, socket: socket!, settle: () => transport.settle(), drained };
}

test('E6: a kernel that takes less from now on keeps what it has taken, and whoever waits for room is told of it', async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new SeededRandom(seed);
    const { client, socket, settle, drained } = connected();
    client.isReading = false;
    let sent = 0;
    for (let step = 0; step < 8; step++) {
      const before = socket.bufferedBytes;
      client.kernelBytes = random.pick([0, 10, 100, 1_000]);
      expect(socket.bufferedBytes, `seed ${seed}`).toBeLessThanOrEqual(before);
      if (random.chance(0.3)) client.readBudget = random.int(50);
      client.isReading = random.chance(0.3);
      await settle();
      if (random.chance(0.3)) continue;
      const frame = new Uint8Array(1 + random.int(60));
      const isFull = socket.send(frame) === 'buffered';
      sent += frame.length;
      expect(socket.bufferedBytes > 0, `seed ${seed}`).toBe(isFull);
    }
    const isFull = socket.bufferedBytes > 0;
    drained.length = 0;
    [client.isReading, client.readBudget] = [true, Infinity];
    await settle();
    expect(client.received.reduce((sum, { length }) => sum + length, 0)).toBe(sent);
    // The last time that it is told, there is room.
    if (isFull) expect(drained.at(-1), `seed ${seed}`).toBe(0);
  }
});

test('E6: of a connection that is cut, what the kernel has taken arrives and what waited does not', async () => {
  const { client, socket, settle } = connected();
  client.isReading = false;
  client.kernelBytes = 100;
  socket.send(new Uint8Array(60));
  client.kernelBytes = 0;
  socket.send(new Uint8Array(30));
  expect(socket.bufferedBytes).toBe(30);
  socket.terminate();
  client.isReading = true;
  await settle();
  expect(client.received.map(({ length }) => length)).toEqual([60]);
});
