// The whole server with clients over HTTP, in memory, on a clock that stands still: what is promised to sockets holds.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { decodeServerFrame, encodeClientFrame } from '../../../shared/native/frame.js';
import type { NativeClientMessage, NativeServerMessage } from '../../../shared/native/messages.js';
import { decodeBody, encodeBody, type Farewell } from '../../../shared/native/over-http.js';
import { contentOf, rootsOf } from '../../support/histories.js';
import {
  createHttpSessionServer,
  httpClient,
  type HttpClient,
  type HttpSessionServer,
} from '../../support/http-session-server.js';
import { hello } from '../../support/hello.js';
import { nativePeer, openedBy } from '../../support/native-peer.js';
import { randomEdits } from '../../support/random-edits.js';
import { chooseSeed, withSeed } from '../../support/seeded-random.js';

let server: HttpSessionServer;

const limits = { softBufferedBytes: 20_000, maxBufferedBytes: 100_000, syncPartBytes: 4_000 };

beforeEach(() => {
  server = createHttpSessionServer({ limits });
});

let clients: HttpClient[] = [];

afterEach(async () => {
  for (const client of clients) client.destroy();
  clients = [];
  await server.run(50);
  await server.close();
});

async function joined(name?: string): Promise<HttpClient> {
  const client = httpClient(server, name);
  clients.push(client);
  await server.run(100);
  expect(client.sync.phase).toBe('synced');
  return client;
}

/** A client that polls when the test says so, and acknowledges what the test says. */
class Poller {
  readonly heard: NativeServerMessage[] = [];
  frames = 0;
  farewell: Farewell | undefined;
  status = 0;
  #session = '';
  #sent = 0;

  async open(): Promise<this> {
    const response = await server.network.fetch('http://server/session', { method: 'POST' });
    this.#session = ((await response.json()) as { session: string }).session;
    await this.say(hello(), { type: 'open', ref: 1, name: 'doc', known: { kind: 'nothing' } });
    return this;
  }

  async say(...messages: NativeClientMessage[]): Promise<void> {
    await this.#request('send', this.#sent++, encodeBody({ frames: [encodeClientFrame(...messages)] }));
  }

  /** Comes back when it is answered: `run` the server meanwhile. */
  async poll(after = this.frames): Promise<void> {
    const response = await this.#request('poll', after);
    this.status = response.status;
    if (response.status !== 200) return;
    const { frames, farewell } = decodeBody(new Uint8Array(await response.arrayBuffer()));
    this.farewell = farewell;
    for (const frame of frames.slice(this.frames - after)) {
      this.frames++;
      this.heard.push(...decodeServerFrame(frame));
    }
  }

  #request(path: string, after: number, body?: Uint8Array<ArrayBuffer>): Promise<Response> {
    const headers = { 'heddle-session': this.#session, 'heddle-after': String(after) };
    return server.network.fetch(`http://server/session/${path}`, {
      method: 'POST',
      headers,
      ...(body === undefined ? {} : { body }),
    });
  }
}

async function write(client: HttpClient, count: number, bytes: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    client.doc.getMap('map').set(`${i}`, 'x'.repeat(bytes));
    await server.run(25);
  }
}

describe('a client over HTTP', () => {
  it('X1, D1: edits, is acknowledged when it is durable, and sees others, on whatever they came', async () => {
    const [one, two] = [await joined(), await joined()];
    const socket = await nativePeer(server);
    const document = await openedBy(server, socket, 'doc');
    const stock = await server.connected();
    server.store.hold('append');
    one.insert('a');
    await server.run(100);
    expect([one.sync.unsynced, two.text, document.text, stock.text]).toEqual([1, 'a', 'a', 'a']);
    server.store.release('append');
    await server.run(100);
    expect(one.sync.unsynced).toBe(0);
    socket.insert(document, 'b');
    await server.run(50);
    stock.insert('c');
    await server.run(50);
    two.insert('d');
    await server.run(50);
    expect([one.text, two.text, document.text, stock.text]).toEqual(Array(4).fill('abcd'));
  });

  it('X1, P2: is present to others and they to it, and gone at once when it leaves', async () => {
    const one = await joined();
    const stock = await server.connected();
    one.awareness.setLocalStateField('user', 'one');
    stock.awareness.setLocalStateField('user', 'stock');
    await server.run(100);
    expect(stock.others.get(one.doc.clientID)).toEqual({ user: 'one' });
    expect(one.awareness.getStates().get(stock.doc.clientID)).toMatchObject({ user: 'stock' });
    one.connection.disconnect();
    await server.run(50);
    expect([stock.others.size, server.sessions.size]).toEqual([0, 1]);
  });

  it('X1, A1: is told why it is refused', async () => {
    server.bearers.byToken.set('write', { access: 'write', refusal: 'TOKEN_EXPIRED' });
    const client = httpClient(server);
    clients.push(client);
    await server.run(100);
    expect([client.connection.state, client.connection.reason?.code]).toEqual(['blocked', 'TOKEN_EXPIRED']);
  });

  it('X1, O2: counts against the limit of all connections', async () => {
    await server.close();
    server = createHttpSessionServer({ limits: { maxConnections: 2 } });
    await joined();
    await server.connected();
    const client = httpClient(server);
    clients.push(client);
    await server.run(100);
    expect(client.connection.state).toBe('waiting');
    expect(client.connection.reason?.message).toBe('too many connections');
  });

  it('X6: comes back after the server has forgotten it', async () => {
    const client = await joined();
    server.longPoll.close();
    await server.run(20);
    expect(client.connection.state).toBe('waiting');
    client.insert('meanwhile');
    await server.run(3_000);
    expect([client.isDone, client.text]).toEqual([true, 'meanwhile']);
  });

  it('X5: stays for an hour in which nothing happens', async () => {
    const client = await joined();
    let states = 0;
    client.connection.on('state', () => void states++);
    await server.run(3_600_000, 500);
    expect([client.connection.state, states]).toEqual(['open', 0]);
  });

  it('X5, P2: that is gone without a word is gone for the others within 40 s', async () => {
    const poller = await new Poller().open();
    const stock = await server.connected();
    const update = Uint8Array.from([1, 9, 1, 2, 0x7b, 0x7d]);
    void poller.poll();
    await server.run(50);
    const [opened] = poller.heard.filter((message) => message.type === 'opened');
    await poller.say({ type: 'awareness', document: opened!.document, update });
    await server.run(50);
    expect(stock.others.size).toBe(1);
    await server.run(41_000, 500);
    expect([stock.others.size, server.sessions.size]).toEqual([0, 1]);
  });
});

describe('a poller that is slow', () => {
  it('X4, C4: is caught up from the log, nothing missing', async () => {
    const writer = await joined();
    const poller = await new Poller().open();
    for (let i = 0; i < 3; i++) {
      void poller.poll();
      await server.run(20);
    }
    await write(writer, 60, 4_000);
    await server.run(10_000, 500);
    for (let i = 0; i < 60; i++) {
      void poller.poll();
      await server.run(20);
    }
    const doc = new Y.Doc();
    for (const message of poller.heard) if (message.type === 'update') Y.applyUpdate(doc, message.update);
    expect(contentOf(doc)).toEqual(contentOf(writer.doc));
    expect(server.sessions.size).toBe(2);
  });

  it('X4, O2: that never acknowledges is sent away with SLOW_CONSUMER, and the others do not notice', async () => {
    const writer = await joined();
    const poller = await new Poller().open();
    void poller.poll();
    await server.run(50);
    await write(writer, 20, 4_000);
    for (let second = 0; second < 60 && poller.farewell === undefined; second++) {
      void poller.poll(1);
      await server.run(1_000, 500);
    }
    // It had not taken what came before the reason, and is given all of it.
    expect(poller.farewell).toEqual({ code: 4529, reason: 'SLOW_CONSUMER' });
    expect(poller.heard.at(-1)).toMatchObject({ type: 'goodbye', code: 'SLOW_CONSUMER' });
    expect([writer.connection.state, server.sessions.size]).toEqual(['open', 1]);
  });

  it('X4, O2: keeps no more than the limit waiting, whatever is published', async () => {
    const writer = await joined();
    await new Poller().open();
    await server.run(50);
    const kept = server.sockets.at(-1)!;
    const counts: number[] = [];
    for (let i = 0; i < 30; i++) {
      await write(writer, 1, 15_000);
      counts.push(kept.bufferedBytes);
    }
    expect(Math.max(...counts)).toBeGreaterThan(15_000);
    expect(Math.max(...counts)).toBeLessThan(limits.softBufferedBytes + 2 * 16_000);
    await server.run(16_000, 500);
    expect(server.sessions.size).toBe(1);
  });
});

const seed = chooseSeed();
const isReplay = (process.env['HEDDLE_SEED'] ?? '') !== '';
const runs = isReplay ? 1 : Math.ceil(Number(process.env['HEDDLE_FUZZ_RUNS'] ?? 150) / 5);

describe(`on a network that loses requests and answers, from seed ${seed} on`, () => {
  it(`X2, C1, D1: everybody ends with everything (${runs} runs)`, { timeout: 120_000 }, async () => {
    const sum = { lost: 0, reconnects: 0 };
    for (let run = 0; run < runs; run++) {
      await withSeed(seed + run, async (random) => {
        const name = `doc ${run}`;
        const here = [await joined(name), await joined(name), await joined(name)];
        for (const { connection } of here)
          connection.on('state', (state) => void (sum.reconnects += Number(state === 'waiting')));
        const rate = random.pick([0.1, 0.4, 0.8]);
        server.network.fault = () => {
          if (!random.chance(rate)) return undefined;
          sum.lost++;
          return random.pick(['there', 'back'] as const);
        };
        for (let step = 0; step < 40; step++) {
          const { doc } = random.pick(here);
          randomEdits(doc, Object.values(rootsOf(doc)), random, { formats: false });
          if (random.chance(0.1)) server.network.cut();
          if (random.chance(0.02)) server.longPoll.close();
          await server.run(random.pick([1, 10, 200]), 20);
        }
        server.network.fault = () => undefined;
        for (let left = 60; left > 0 && !here.every(({ isDone }) => isDone); left--)
          await server.run(1_000, 50);
        await server.run(500, 20);
        const late = await joined(name);
        for (const { doc, sync } of here) {
          expect(sync.unsynced).toBe(0);
          expect(contentOf(doc)).toEqual(contentOf(late.doc));
        }
        for (const client of clients.splice(0)) client.destroy();
        await server.run(50);
      });
    }
    console.info(sum);
    if (!isReplay) expect(Math.min(sum.lost, sum.reconnects)).toBeGreaterThan(0);
  });
});
