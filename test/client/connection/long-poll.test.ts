// The client's socket over HTTP against the server's, in memory, on a clock that stands still.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { longPoll, type Fetch } from '../../../client/connection/long-poll.js';
import type { ClientSocket } from '../../../client/connection/socket.js';
import { decodeBody } from '../../../shared/native/over-http.js';
import type { Peer } from '../../server/transport/recording-server.js';
import {
  bytes,
  createLongPoll,
  go,
  KiB,
  type LongPollServer,
} from '../../server/transport/long-poll-harness.js';
import { HttpNetwork } from '../../support/http-network.js';
import { chooseSeed, withSeed } from '../../support/seeded-random.js';

let server: LongPollServer;
let network: HttpNetwork;

beforeEach(() => {
  server = createLongPoll({ maxBufferedBytes: 4_096 * KiB });
  network = new HttpNetwork(() => server.longPoll);
});

afterEach(async () => {
  network.fault = () => undefined;
  server.longPoll.close();
  await run(60_000, 1_000);
  if (server.clock.pending + network.underWay > 0) throw new Error('a timer or a request is left');
});

async function run(ms: number, stepMs = 50): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) await go(server, stepMs);
}

/** A client that notes what it is told. */
class Client {
  readonly told: string[] = [];
  readonly frames: string[] = [];
  readonly socket: ClientSocket;

  constructor(url = 'ws://server/') {
    this.socket = longPoll(network.fetch, server.clock)(url, {
      opened: () => void this.told.push('opened'),
      frame: (frame) => void this.frames.push(Buffer.from(frame).toString()),
      closed: (code, reason) => void this.told.push(`closed ${code} ${reason}`),
    });
  }

  send(...texts: string[]): void {
    for (const text of texts) this.socket.send(bytes(text));
  }
}

async function opened(url?: string): Promise<{ client: Client; peer: Peer }> {
  const client = new Client(url);
  await run(50);
  return { client, peer: server.server.peers.at(-1)! };
}

const heardBy = (peer: Peer): string[] =>
  peer.messages.map((message) => Buffer.from(message.bytes).toString());
const pathsOf = (): string[] => network.requests.map(({ path }) => path);

describe('a socket over HTTP', () => {
  it('X1: opens, brings frames both ways, and closes', async () => {
    const { client, peer } = await opened();
    expect(client.told).toEqual(['opened']);
    client.send('a', 'b');
    peer.socket.send(bytes('c'));
    await run(50);
    client.send('d');
    peer.socket.send(bytes('e'));
    await run(50);
    expect([heardBy(peer), client.frames]).toEqual([
      ['a', 'b', 'd'],
      ['c', 'e'],
    ]);
    client.socket.close();
    await run(50);
    expect(client.told).toEqual(['opened']);
    expect(peer.events.at(-1)).toBe('closed 1000');
    expect([server.clock.pending, network.underWay]).toEqual([0, 0]);
  });

  it.each([
    ['ws://server/', '/session', ''],
    ['ws://server', '/session', ''],
    ['ws://server/behind/a/proxy?token=x#here', '/behind/a/proxy/session', 'token=x'],
  ])('X1: %s is asked by its path', async (url, path, query) => {
    network.fault = () => 'there';
    const client = new Client(url);
    await run(50);
    expect(network.requests.map((request) => [request.path, request.query])).toEqual([[path, query]]);
    expect(client.told).toEqual(['closed 1006 the server cannot be reached over HTTP']);
  });

  it('X1: a URL that is none ends it, and does not throw', async () => {
    const client = new Client('no url');
    expect(client.told).toEqual([]);
    await run(50);
    expect(client.told).toHaveLength(1);
  });

  it('X1: what is sent in one turn leaves in one request, and what comes meanwhile in the next', async () => {
    const { client, peer } = await opened();
    const before = network.requests.length;
    client.send('a', 'b', 'c');
    expect(client.socket.bufferedBytes).toBe(3);
    await Promise.resolve();
    client.send('d');
    client.send('e');
    await run(50);
    const sent = network.requests.slice(before);
    expect(sent.map(({ path }) => path)).toEqual(['/session/send', '/session/send']);
    expect(sent.map(({ body }) => decodeBody(body).frames.length)).toEqual([3, 2]);
    expect(heardBy(peer)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(client.socket.bufferedBytes).toBe(0);
  });

  it('X1: large frames go in a request each', async () => {
    const { client, peer } = await opened();
    for (let i = 0; i < 5; i++) client.socket.send(new Uint8Array(100 * KiB));
    await run(50);
    expect(peer.messages.map((message) => message.bytes.length)).toEqual(Array(5).fill(100 * KiB));
    expect(pathsOf().filter((path) => path.endsWith('send'))).toHaveLength(3);
  });

  it('X1: what is sent before it is open, or after the end, is lost', async () => {
    const client = new Client();
    client.send('too early');
    await run(50);
    const peer = server.server.peers[0]!;
    peer.socket.close(4000, 'enough');
    await run(50);
    client.send('too late');
    await run(50);
    expect(heardBy(peer)).toEqual([]);
    expect(client.told).toEqual(['opened', 'closed 4000 enough']);
    expect(client.socket.bufferedBytes).toBe(0);
  });

  it('X1: code and reason come behind the last frames, also while something is being sent', async () => {
    const { client, peer } = await opened();
    server.server.onMessage = ({ socket }) => {
      socket.send(bytes('bye'));
      socket.close(4401, 'TOKEN_EXPIRED');
    };
    client.send('a');
    client.send('b');
    await Promise.resolve();
    client.send('c');
    await run(50);
    expect([client.frames, client.told]).toEqual([['bye'], ['opened', 'closed 4401 TOKEN_EXPIRED']]);
    expect(heardBy(peer)).toEqual(['a']);
  });

  it('X1: nor is the reason lost when a request hears of the end first', async () => {
    const { client, peer } = await opened();
    network.fault = ({ path }) => (path.endsWith('send') ? { status: 410, body: '' } : undefined);
    client.send('a');
    await run(50);
    expect(client.told).toEqual(['opened']);
    peer.socket.close(4401, 'TOKEN_EXPIRED');
    await run(50);
    expect(client.told).toEqual(['opened', 'closed 4401 TOKEN_EXPIRED']);
  });

  it('X1: what was sent right before it is closed arrives, for a page that is gone too', async () => {
    const { client, peer } = await opened();
    client.send('a');
    await Promise.resolve();
    client.send('b');
    client.socket.close();
    client.socket.close();
    await run(50);
    expect(heardBy(peer)).toEqual(['a', 'b']);
    expect(peer.events.at(-1)).toBe('closed 1000');
    expect(network.requests.at(-1)?.keepalive).toBe(true);
    expect(network.requests.filter(({ keepalive }) => keepalive)).toHaveLength(1);
  });

  it('X1: one that is closed while it opens leaves nothing', async () => {
    const client = new Client();
    client.socket.close();
    await run(50);
    expect(client.told).toEqual([]);
    await run(20_000, 1_000);
    expect(server.clock.pending).toBe(0);
  });

  it('X1: is refused with the reason the server gives', async () => {
    server.server.decide = () => ({ accept: false, status: 403, body: 'FORBIDDEN: not from there' });
    const client = new Client();
    await run(50);
    expect(client.told).toEqual(['closed 1006 FORBIDDEN: not from there']);
  });

  it('X1: what answers in place of the server ends it', async () => {
    network.fault = () => ({ status: 200, body: '<html>Accept our terms to go on' });
    const client = new Client();
    await run(50);
    expect(client.told).toEqual(['closed 1006 what answers is not this server']);
    network.fault = () => undefined;
    const { client: other } = await opened();
    network.fault = ({ path }) => (path.endsWith('poll') ? { status: 200, body: '<html>' } : undefined);
    network.cut();
    await run(500);
    expect(other.told).toEqual(['opened', 'closed 1006 what answers is not this server']);
    network.fault = ({ path }) => (path.endsWith('send') ? { status: 413, body: 'too large' } : undefined);
    const { client: third } = await opened();
    third.send('a');
    await run(50);
    expect(third.told).toEqual(['opened', 'closed 1006 the server answers 413 over HTTP']);
  });

  it('X6: no URL holds the id, and every answer is asked for anew', async () => {
    const { client } = await opened();
    client.send('a');
    await run(50);
    const ids = new Set(network.requests.map(({ headers }) => headers['heddle-session']));
    expect(ids.size).toBe(2);
    const requests = network.requests.slice(1);
    expect(new Set(requests.map(({ path, query }) => `${path}?${query}`))).toEqual(
      new Set(['/session/poll?', '/session/send?']),
    );
    expect(network.requests.every(({ method }) => method === 'POST')).toBe(true);
  });
});

describe('on a bad network', () => {
  it('X2: a request that is lost, there or back, is made again', async () => {
    const { client, peer } = await opened();
    let left = 6;
    network.fault = () => (left-- > 0 ? (left % 2 === 0 ? 'there' : 'back') : undefined);
    client.send('a', 'b');
    peer.socket.send(bytes('c'));
    network.cut();
    await run(3_000);
    client.send('d');
    await run(50);
    expect([heardBy(peer), client.frames, client.told]).toEqual([['a', 'b', 'd'], ['c'], ['opened']]);
  });

  it('X2: so is one that a proxy could not pass on', async () => {
    const { client, peer } = await opened();
    let left = 3;
    network.fault = () => (left-- > 0 ? { status: 502, body: 'Bad Gateway' } : undefined);
    client.send('a');
    await run(2_000);
    expect([heardBy(peer), client.told]).toEqual([['a'], ['opened']]);
  });

  it('X5: it ends when nothing gets through for 12 s, and leaves nothing', async () => {
    const { client, peer } = await opened();
    network.fault = () => 'there';
    network.cut();
    await run(11_000, 100);
    expect(client.told).toEqual(['opened']);
    await run(4_000, 100);
    expect(client.told).toEqual(['opened', 'closed 1006 the server cannot be reached over HTTP']);
    // The server was told of nothing: it holds the poll to its end, and waits for the next.
    await run(30_000, 1_000);
    expect(peer.events.at(-1)).toBe('closed 1006');
    expect(server.clock.pending).toBe(0);
  });

  it('X5: a request that hangs is given up', async () => {
    const told: string[] = [];
    const never: Fetch = (_url, { signal }) =>
      new Promise((_resolve, reject) =>
        signal?.addEventListener('abort', () => reject(new Error('aborted'))),
      );
    longPoll(never, server.clock)('ws://server/', {
      opened: () => void told.push('opened'),
      frame: () => {},
      closed: (code) => void told.push(`closed ${code}`),
    });
    await run(9_000, 1_000);
    expect(told).toEqual([]);
    await run(2_000, 1_000);
    expect(told).toEqual(['closed 1006']);
  });

  it('X6: a session that the server does not know any more ends it', async () => {
    const { client } = await opened();
    server.longPoll.close();
    await run(50);
    expect(client.told).toEqual(['opened', 'closed 1006 there is no such session']);
  });
});

const seed = chooseSeed();
const isReplay = (process.env['HEDDLE_SEED'] ?? '') !== '';
const runs = isReplay ? 1 : Number(process.env['HEDDLE_FUZZ_RUNS'] ?? 150);

describe(`any losses, from seed ${seed} on`, () => {
  it(`X2: lose nothing, double nothing and change no order (seed ${seed}, ${runs} runs)`, async () => {
    const sum = { lost: 0, frames: 0 };
    for (let i = 0; i < runs; i++) {
      await withSeed(seed + i, async (random) => {
        const { client, peer } = await opened();
        network.fault = () => {
          if (random.chance(0.6)) return undefined;
          sum.lost++;
          return random.pick(['there', 'back', { status: 503, body: '' }] as const);
        };
        const sent = { up: [] as string[], down: [] as string[] };
        for (let step = 0; step < 30; step++) {
          const text = `${step}${'.'.repeat(random.chance(0.1) ? random.int(60 * KiB) : random.int(5))}`;
          const isUp = random.chance(0.5);
          (isUp ? sent.up : sent.down).push(text);
          if (isUp) client.send(text);
          else peer.socket.send(bytes(text));
          if (random.chance(0.1)) network.cut();
          if (random.chance(0.5)) await run(random.int(40) + 1, 20);
        }
        network.fault = () => undefined;
        await run(6_000, 200);
        expect(client.told).toEqual(['opened']);
        expect(client.frames).toEqual(sent.down);
        expect(heardBy(peer)).toEqual(sent.up);
        sum.frames += sent.up.length + sent.down.length;
        client.socket.close();
        await run(50);
      });
    }
    console.info(sum);
    if (!isReplay) expect(sum.lost).toBeGreaterThan(runs);
  });
});
