// Sockets over HTTP and those who should not have one, or not so many, or send what nobody sends.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { encodeBody } from '../../../shared/native/over-http.js';
import {
  bytes,
  Client,
  closeLongPoll,
  createLongPoll,
  Exchange,
  go,
  KiB,
  type LongPollServer,
} from './long-poll-harness.js';

let harness: LongPollServer;

beforeEach(() => {
  harness = createLongPoll();
});

afterEach(() => closeLongPoll(harness));

const events = ({ peer }: Client): readonly string[] => peer.events;

describe('a session', () => {
  test('X6 gives each an id of its own of 128 bits, which no log repeats', async () => {
    const ids = new Set<string>();
    for (let i = 0; i < 10; i++) {
      const opening = new Exchange(harness.longPoll, { path: '/session' });
      await go(harness);
      const { session } = JSON.parse(opening.text) as { session: string };
      expect(Buffer.from(session, 'base64url')).toHaveLength(16);
      ids.add(session);
    }
    expect(ids.size).toBe(10);
    harness.server.onMessage = () => {
      throw new Error('boom');
    };
    for (const id of ids) {
      const headers = { 'heddle-session': id, 'heddle-after': '0' };
      const body = encodeBody({ frames: [bytes('x')] });
      void new Exchange(harness.longPoll, { path: '/session/send', headers, body });
    }
    await go(harness);
    expect(harness.log).toHaveLength(10);
    for (const id of ids) expect(harness.log.join()).not.toContain(id);
  });

  test('X6 is bounded in number, and there is room again when one has gone', async () => {
    const clients: Client[] = [];
    for (let i = 0; i < 10; i++) clients.push(await Client.open(harness));
    const opening = new Exchange(harness.longPoll, { path: '/session' });
    await go(harness);
    expect(opening.status).toBe(503);
    clients[0]!.peer.socket.terminate();
    await Client.open(harness);
    // Those that were opened and never asked for anything do not stay.
    await go(harness, 16_000);
    expect(events(clients[1]!)).toEqual(['closed 1006']);
    await Client.open(harness);
  });

  test('X6 pages of any origin may read the answers, and are told before they ask', async () => {
    const headers = { origin: 'https://app.example' };
    const asking = new Exchange(harness.longPoll, { method: 'OPTIONS', path: '/session/poll', headers });
    const opening = new Exchange(harness.longPoll, { path: '/session', headers });
    const reading = new Exchange(harness.longPoll, { method: 'GET', path: '/session', headers });
    await go(harness);
    expect([asking.status, opening.status, reading.status]).toEqual([204, 200, 405]);
    for (const { reply } of [asking, opening, reading])
      expect(reply?.headers).toMatchObject({
        'access-control-allow-origin': 'https://app.example',
        'access-control-allow-credentials': 'true',
        'cache-control': 'no-store',
        vary: 'origin',
      });
    expect(asking.reply?.headers?.['access-control-allow-headers']).toBe(
      'content-type, heddle-session, heddle-after',
    );
    expect(harness.server.peers).toHaveLength(1);
  });
});

describe('hostile requests', () => {
  test('X6 without a session, or with one that is not, are told so, and may send little', async () => {
    for (const headers of [{}, { 'heddle-session': '' }, { 'heddle-session': 'A'.repeat(22) }]) {
      for (const path of ['/session/poll', '/session/send']) {
        const request = new Exchange(harness.longPoll, {
          path,
          headers: { ...headers, 'heddle-after': '0' },
        });
        await go(harness);
        expect([request.status, request.text]).toEqual([410, '{"reason":"there is no such session"}']);
        const header = (name: string): string | undefined => Reflect.get(headers, name);
        expect(harness.longPoll.maxBodyBytes({ path, header })).toBeUndefined();
      }
    }
  });

  test.each<[string, number | string, Uint8Array]>([
    ['a gap', 1, encodeBody({ frames: [bytes('x')] })],
    ['no number', 'x', encodeBody({ frames: [] })],
    ['a negative number', '-1', encodeBody({ frames: [] })],
    ['a number beyond counting', '9'.repeat(16), encodeBody({ frames: [] })],
    ['an empty body', 0, new Uint8Array()],
    ['a body that ends in a frame', 0, Uint8Array.of(1, 9, 1)],
    ['a length of 2^53', 0, Uint8Array.of(1, 255, 255, 255, 255, 255, 255, 255, 15)],
    ['more behind the end', 0, Uint8Array.of(0, 1, 0, 0)],
  ])('O1, X6 %s ends that session with 4400', async (_what, after, body) => {
    const [client, other] = [await Client.open(harness), await Client.open(harness)];
    const sent = client.send(after, body);
    await go(harness);
    expect(sent.status).toBe(400);
    expect(sent.text).toContain('FRAME_MALFORMED');
    const poll = client.poll(0);
    await go(harness);
    expect(poll.body.farewell?.code).toBe(4400);
    expect([client.heard, events(client), events(other)]).toEqual([[], ['closed 4400'], []]);
  });

  test('O1, X6 an acknowledgement of what was never sent ends it', async () => {
    const client = await Client.open(harness);
    client.peer.socket.send(bytes('a'));
    client.poll(0);
    client.peer.socket.send(bytes('b'));
    const poll = client.poll(2);
    await go(harness);
    expect(poll.status).toBe(400);
  });

  test('O1, O2, X6 a frame or a body over the limit ends it with 4413, too many frames with 4529', async () => {
    const [large, huge, many] = [
      await Client.open(harness),
      await Client.open(harness),
      await Client.open(harness),
    ];
    const whole = large.send(0, { frames: [new Uint8Array(100 * KiB)] });
    await go(harness);
    expect([whole.status, large.peer.messages[0]?.bytes.length]).toEqual([204, 100 * KiB]);
    const over = large.send(1, { frames: [bytes('x'), new Uint8Array(100 * KiB + 1)] });
    const body = huge.send(0, { frames: [1, 2, 3].map(() => new Uint8Array(90 * KiB)) });
    const flood = many.send(0, { frames: Array.from({ length: 1_001 }, () => bytes('x')) });
    await go(harness);
    expect([over.status, body.status, flood.status]).toEqual([413, 413, 429]);
    const polls = [large.poll(0), huge.poll(0), many.poll(0)];
    await go(harness);
    expect(polls.map(({ body }) => body.farewell?.code)).toEqual([4413, 4413, 4529]);
    expect([large, huge, many].map(({ peer }) => peer.messages.length)).toEqual([1, 0, 0]);
  });
});

describe('a stranger over HTTP', () => {
  beforeEach(() => {
    harness.server.isTrusting = false;
  });

  test('T15 sends bodies of 64 KB and no more in all, and is told why it ends', async () => {
    const client = await Client.open(harness);
    const frame = new Uint8Array(40 * KiB);
    await go(harness);
    expect(client.send(0, { frames: [new Uint8Array(100 * KiB)] }).status).toBeUndefined();
    await go(harness);
    expect(client.peer.messages).toEqual([]);
    const [other, trusted] = [await Client.open(harness), await Client.open(harness)];
    trusted.peer.socket.trust();
    for (const one of [other, trusted]) {
      one.send(0, { frames: [frame] });
      await go(harness);
      one.send(1, { frames: [frame, frame] });
      await go(harness);
    }
    const poll = other.poll(0);
    await go(harness);
    expect([other.peer.messages.length, poll.body.farewell?.code]).toEqual([1, 4529]);
    expect(trusted.peer.messages).toHaveLength(3);
  });

  test('T15 ends after 20 s, however well it polls', async () => {
    const [stranger, trusted] = [await Client.open(harness), await Client.open(harness)];
    trusted.peer.socket.trust();
    for (const client of [stranger, trusted]) client.poll(0);
    await go(harness, 19_000);
    expect([stranger.peer.socket.isOpen, trusted.peer.socket.isOpen]).toEqual([true, true]);
    await go(harness, 2_000);
    expect([stranger.peer.socket.isOpen, trusted.peer.socket.isOpen]).toEqual([false, true]);
  });

  test('T16 strangers do not take the places of those who are trusted', async () => {
    harness = createLongPoll({ maxHttpConnections: 1000 }, { maxHttpUnknownPerAddress: 5 });
    harness.server.isTrusting = false;
    const clients: Client[] = [];
    for (let i = 0; i < 5; i++) clients.push(await Client.open(harness));
    const refused = new Exchange(harness.longPoll, { path: '/session' });
    await go(harness);
    expect([refused.status, refused.text]).toEqual([503, expect.stringContaining('not checked yet')]);
    clients[0]!.peer.socket.trust();
    await Client.open(harness);
    harness.server.decide = () => ({ accept: false, status: 403, body: 'no' });
    clients[1]!.peer.socket.terminate();
    for (let i = 0; i < 3; i++) {
      const exchange = new Exchange(harness.longPoll, { path: '/session' });
      await go(harness);
      expect(exchange.status).toBe(403);
    }
  });
});
