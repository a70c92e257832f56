// C4: a reader that lags is caught up or sent away, never skipped; and nobody pays for it but itself.

import * as Y from 'yjs';
import { afterEach, describe, expect, it } from 'vitest';
import { contentOf, Random } from '../../support/histories.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import type { MemoryPeer } from '../../support/memory-peer.js';

let server: SessionServer;

const limits = {
  softBufferedBytes: 20_000,
  maxBufferedBytes: 100_000,
  syncPartBytes: 4_000,
  maxStalledMs: 30_000,
};

function start(more: Record<string, number> = {}): void {
  server = createSessionServer({ limits: { ...limits, ...more } });
}

afterEach(() => server.close());

/** One that has stopped reading. */
async function stopped(client: MemoryPeer, kernelBytes = 2_000): Promise<MemoryPeer> {
  client.end.kernelBytes = kernelBytes;
  client.end.isReading = false;
  return client;
}

async function write(client: MemoryPeer, count: number, bytes: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const map = client.doc.getMap('map');
    map.set(`k${map.size}`, 'x'.repeat(bytes));
    await server.run(25);
  }
}

function bytesOf(client: MemoryPeer): number {
  return client.end.received.reduce((sum, frame) => sum + frame.length, 0);
}

describe('a reader that lags', () => {
  it('C4: is caught up from the log: nothing missing, nothing given up, little sent twice', async () => {
    start();
    const [writer, slow, other] = [
      await server.connected(),
      await server.connected(),
      await server.connected(),
    ];
    await stopped(slow);
    await write(writer, 100, 4_000);
    expect(other.doc.getMap('map').size).toBe(100);
    expect(slow.closed).toBeUndefined();
    expect(slow.doc.getMap('map').size).toBeLessThan(20);
    slow.end.isReading = true;
    await server.run(100);
    expect(contentOf(slow.doc)).toEqual(contentOf(writer.doc));
    expect(bytesOf(slow)).toBeLessThan(bytesOf(other) * 1.3);
    writer.insert('live again');
    await server.run(30);
    expect(slow.text).toBe('live again');
  });

  it('C4, D1: its own edits meanwhile come back only when they are durable', async () => {
    start();
    const [writer, slow] = [await server.connected(), await server.connected()];
    await stopped(slow);
    await write(writer, 20, 4_000);
    server.store.hold('append');
    slow.insert('mine');
    await server.run(100);
    slow.end.isReading = true;
    await server.run(100);
    const acksOf = (): number =>
      slow
        .heardOf('update')
        .filter((update) => Y.decodeUpdate(update).structs.some(({ id }) => id.client === slow.doc.clientID))
        .length;
    expect(acksOf()).toBe(0);
    server.store.release('append');
    await server.run(100);
    expect(acksOf()).toBeGreaterThanOrEqual(1);
    expect(contentOf(slow.doc)).toEqual(contentOf(writer.doc));
  });

  it('C4: catches up past a checkpoint that took the place of what it had not read', async () => {
    start();
    const [writer, slow] = [await server.connected(), await server.connected()];
    await stopped(slow);
    await write(writer, 30, 4_000);
    const room = await server.registry.open('doc' as never);
    await server.registry.checkpoint(room);
    expect(room.compaction.tail.records).toBe(0);
    await write(writer, 5, 4_000);
    slow.end.isReading = true;
    await server.run(100);
    expect(contentOf(slow.doc)).toEqual(contentOf(writer.doc));
  });

  it('O2: is sent away when it takes nothing for 30 s, and not before', async () => {
    start();
    const [writer, slow] = [await server.connected(), await server.connected()];
    await stopped(slow);
    await write(writer, 20, 4_000);
    await server.run(29_000, 500);
    expect(server.sessions.size).toBe(2);
    await server.run(17_000, 500);
    expect(server.sessions.size).toBe(1);
    slow.end.isReading = true;
    await server.run(50);
    expect(slow.closed).toEqual({ code: 4529, reason: 'SLOW_CONSUMER' });
    expect(writer.closed).toBeUndefined();
    expect(writer.others.size).toBe(0);
  });

  it('C4: one that reads slowly, but reads, is not', async () => {
    start();
    const [writer, slow] = [await server.connected(), await server.connected()];
    await stopped(slow);
    await write(writer, 60, 4_000);
    for (let second = 0; second < 90; second++) {
      slow.end.isReading = second % 10 === 0;
      server.transport.flush();
      slow.end.isReading = false;
      await server.run(1_000, 500);
    }
    slow.end.isReading = true;
    await server.run(100);
    expect(slow.closed).toBeUndefined();
    expect(contentOf(slow.doc)).toEqual(contentOf(writer.doc));
  });
});

describe('large updates', () => {
  it('C4: do not overflow the buffers of those that are live', async () => {
    start();
    const [writer, ...readers] = [
      await server.connected(),
      await server.connected(),
      await server.connected(),
      await server.connected(),
    ];
    for (const reader of readers) await stopped(reader);
    await write(writer, 1, 90_000);
    await write(writer, 5, 1_000);
    for (const reader of readers) {
      reader.end.isReading = true;
      await server.run(50);
      expect(reader.closed).toBeUndefined();
      expect(contentOf(reader.doc)).toEqual(contentOf(writer.doc));
    }
  });

  it('C4: many joined into one frame, neither', async () => {
    start();
    const writers = await Promise.all([1, 2, 3, 4].map(() => server.connected()));
    const reader = await stopped(await server.connected());
    for (let round = 0; round < 10; round++) {
      for (const [i, writer] of writers.entries())
        writer.doc.getMap('map').set(`${i}.${round}`, 'y'.repeat(15_000));
      await server.run(60, 10);
    }
    reader.end.isReading = true;
    await server.run(100);
    expect(reader.closed).toBeUndefined();
    expect(contentOf(reader.doc)).toEqual(contentOf(writers[0]!.doc));
  });

  it('C4: one part larger than the buffer may be is taken in peace: a keep-alive does not cut it off', async () => {
    start();
    const writer = await server.connected();
    await write(writer, 1, 150_000);
    const slow = server.connect({ isPresent: false });
    await slow.end.decided;
    await stopped(slow);
    await server.run(20_000, 500);
    slow.end.isReading = true;
    await server.run(100);
    expect(slow.closed).toBeUndefined();
    expect(contentOf(slow.doc)).toEqual(contentOf(writer.doc));
  });

  it('C4: nor does the ack of a large update cut off its author', async () => {
    start();
    const [author, other] = [await server.connected(), await server.connected()];
    await stopped(author);
    await write(author, 1, 150_000);
    other.insert('a');
    await server.run(5_000, 500);
    author.end.isReading = true;
    await server.run(100);
    expect(author.closed).toBeUndefined();
    expect(author.text).toBe('a');
  });
});

describe('sync requests', () => {
  it('O2: of one that asks without reading are answered as one, and too many end the connection', async () => {
    start();
    const writer = await server.connected();
    await write(writer, 40, 4_000);
    const flood = await server.connected({ isPresent: false });
    await stopped(flood);
    const before = bytesOf(flood);
    for (let i = 0; i < 90; i++) flood.step1(Uint8Array.of(0));
    await server.run(50);
    flood.end.isReading = true;
    await server.run(100);
    expect(flood.closed).toBeUndefined();
    expect(flood.heardOf('step2').length).toBeLessThanOrEqual(4);
    expect(bytesOf(flood) - before).toBeLessThan(3 * 200_000);
    for (let i = 0; i < 200; i++) flood.step1();
    await server.run(50);
    expect(flood.closed?.code).toBe(4529);
    expect(writer.closed).toBeUndefined();
  });

  it('C4: one that asks again before it has read the answer gets to the end of it', async () => {
    start();
    const writer = await server.connected();
    await write(writer, 60, 4_000);
    const reader = await server.connected({ greets: false, isPresent: false });
    await stopped(reader);
    for (let round = 0; round < 30 && !reader.isSynced; round++) {
      reader.step1(Uint8Array.of(0));
      await server.run(100, 50);
      reader.end.isReading = true;
      server.transport.flush();
      reader.end.isReading = false;
    }
    expect(reader.isSynced).toBe(true);
    expect(reader.closed).toBeUndefined();
  });

  it('C1: the last of several is answered by what it says', async () => {
    start();
    const writer = await server.connected();
    await write(writer, 20, 4_000);
    const reader = await server.connected({ greets: false, isPresent: false });
    await stopped(reader);
    reader.step1(Y.encodeStateVector(writer.doc));
    reader.step1(Y.encodeStateVector(writer.doc));
    reader.step1(Uint8Array.of(0));
    await server.run(50);
    reader.end.isReading = true;
    await server.run(100);
    expect(contentOf(reader.doc)).toEqual(contentOf(writer.doc));
  });

  it('O2: one every 100 ms is fine for ever', async () => {
    start({ maxSyncRequests: 5 });
    const client = await server.connected();
    for (let i = 0; i < 50; i++) {
      client.step1();
      await server.run(100, 50);
    }
    expect(client.closed).toBeUndefined();
    expect(client.heardOf('step2').length).toBe(51);
  });
});

describe('a checkpoint while a reader is being sent parts', () => {
  it('C4, D3: it gets the whole document all the same, and what comes after', async () => {
    start();
    const writer = await server.connected();
    await write(writer, 40, 3_000);
    const slow = server.connect({ isPresent: false });
    await slow.end.decided;
    await stopped(slow);
    await server.run(50);
    const room = await server.registry.open('doc' as never);
    await write(writer, 3, 3_000);
    await server.registry.checkpoint(room);
    writer.doc.getMap('map').delete('k0');
    await write(writer, 3, 3_000);
    await server.registry.checkpoint(room);
    slow.end.isReading = true;
    await server.run(100);
    expect(slow.isSynced).toBe(true);
    expect(contentOf(slow.doc)).toEqual(contentOf(writer.doc));
  });
});

describe.each(Array.from({ length: Number(process.env['SEEDS'] ?? 25) }, (_, i) => i + 1))(
  'random traffic (seed %i)',
  (seed) => {
    it('C1, C4: everybody ends with the same document, and so does the store', async () => {
      start({ softBufferedBytes: 6_000, maxBufferedBytes: 60_000, syncPartBytes: 2_000 });
      const random = new Random(seed);
      const here: MemoryPeer[] = [];
      const all: MemoryPeer[] = [];
      const join = (doc?: Y.Doc): void => {
        const client = server.connect({
          token: 'other',
          ...(doc === undefined ? {} : { doc }),
        });
        client.end.kernelBytes = random.int(3_000);
        here.push(client);
        all.push(client);
      };
      join();
      join();
      server.store.delay = () => new Promise((resolve) => server.clock.after(random.int(40), resolve));
      for (let step = 0; step < 120; step++) {
        const client = random.pick(here);
        const action = random.int(10);
        if (action < 5) {
          if (random.chance(0.3)) client.doc.getText('text').delete(0, Math.min(3, client.text.length));
          client.doc
            .getText('text')
            .insert(random.int(client.text.length + 1), `${step},`.repeat(1 + random.int(300)));
        } else if (action === 5) client.end.isReading = !client.end.isReading;
        else if (action === 6 && here.length < 6) join();
        else if (action === 7 && here.length > 1) {
          here.splice(here.indexOf(client), 1);
          client.terminate();
          join(client.doc);
        } else if (action === 8) client.step1();
        else void server.registry.open('doc' as never).then((room) => server.registry.checkpoint(room));
        await server.run(random.int(30), 10);
      }
      for (const client of here) client.end.isReading = true;
      await server.run(500, 20);
      // Whoever was sent away for being slow comes back, as its provider would.
      for (const client of here.filter(({ closed }) => closed !== undefined)) {
        here.splice(here.indexOf(client), 1);
        client.terminate();
        join(client.doc);
      }
      await server.run(500, 20);
      const expected = contentOf(here[0]!.doc, false);
      for (const client of here) {
        expect(client.closed).toBeUndefined();
        expect(client.doc.store.pendingStructs).toBeNull();
        expect(contentOf(client.doc, false)).toEqual(expected);
      }
      server.store.delay = () => undefined;
      await server.run(200, 20);
      const stored = await server.store.kept.load('doc' as never);
      const kept = new Y.Doc();
      if (stored?.checkpoint !== undefined) Y.applyUpdate(kept, stored.checkpoint.update);
      for (const { update } of stored?.records ?? []) Y.applyUpdate(kept, update);
      expect(contentOf(kept, false)).toEqual(expected);
    });
  },
);

describe('a room that is never at rest', () => {
  it('P2: somebody who joins while another draws without a pause sees who is here, and is live within a second', async () => {
    start();
    server.store.delay = () =>
      new Promise((resolve) => {
        server.clock.after(100, resolve);
      });
    const writer = await server.connected();
    const joiner = server.connect();
    for (let stroke = 0; stroke < 200; stroke++) {
      writer.insert('.');
      if (stroke % 10 === 0) writer.awareness.setLocalStateField('stroke', stroke);
      await server.run(10, 5);
    }
    const { stroke } = (joiner.others.get(writer.doc.clientID) ?? {}) as { stroke?: number };
    expect(stroke).toBe(190);
    const room = await server.registry.open('doc' as never);
    expect(room.fanout.readerCount).toBe(2);
    server.store.delay = () => undefined;
    await server.run(200);
    expect(joiner.text).toBe(writer.text);
  });

  it('C4, P2: nor is one that fell behind kept off the live stream for as long as somebody draws', async () => {
    start();
    const [writer, slow] = [await server.connected(), await server.connected()];
    await stopped(slow);
    await write(writer, 20, 4_000);
    server.store.delay = () =>
      new Promise((resolve) => {
        server.clock.after(100, resolve);
      });
    slow.end.isReading = true;
    for (let stroke = 0; stroke < 300; stroke++) {
      writer.insert('.');
      if (stroke % 10 === 0) writer.awareness.setLocalStateField('stroke', stroke);
      await server.run(10, 5);
    }
    const room = await server.registry.open('doc' as never);
    expect(room.fanout.readerCount).toBe(2);
    const { stroke } = (slow.others.get(writer.doc.clientID) ?? {}) as { stroke?: number };
    expect(stroke).toBe(290);
    server.store.delay = () => undefined;
    await server.run(200);
    expect(slow.text).toBe(writer.text);
  });
});
