// Sockets over HTTP, the server's side: requests by hand, on a clock that stands still.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { UpgradeRequest } from '../../../server/transport/transport.js';
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

describe('opening', () => {
  test('X1 asks the same question as a WebSocket, about the path of the native protocol', async () => {
    const asked: UpgradeRequest[] = [];
    harness.server.decide = (request) => {
      asked.push(request);
      return harness.server.accept();
    };
    const headers = { origin: 'https://app.example', cookie: 'token=1' };
    const opening = new Exchange(harness.longPoll, { path: '/session', query: 'token=2', headers });
    await go(harness);
    expect(opening.status).toBe(200);
    const [request] = asked;
    expect([request?.path, request?.query, request?.remoteAddress]).toEqual(['/', 'token=2', '192.0.2.1']);
    expect([request?.header('origin'), request?.header('cookie'), request?.header('absent')]).toEqual([
      'https://app.example',
      'token=1',
      undefined,
    ]);
  });

  test('X1 is refused as a WebSocket is, with the reason', async () => {
    harness.server.decide = () => ({ accept: false, status: 403, body: 'FORBIDDEN: not from there' });
    const opening = new Exchange(harness.longPoll, { path: '/session' });
    await go(harness);
    expect([opening.status, opening.text]).toEqual([403, '{"reason":"FORBIDDEN: not from there"}']);
    expect(harness.server.peers).toEqual([]);
  });
});

describe('frames', () => {
  test('X1 go both ways in order, and what is sent in one turn comes in one answer', async () => {
    const accept = harness.server.accept();
    harness.server.decide = () => ({
      ...accept,
      open(socket) {
        socket.send(bytes('first'));
        return (accept as Extract<typeof accept, { accept: true }>).open(socket);
      },
    });
    const client = await Client.open(harness);
    harness.server.onMessage = ({ socket }, frame) => void socket.send(frame);
    const greeting = client.poll(0);
    await go(harness);
    expect(greeting.frames).toEqual(['first']);
    const held = client.poll(1);
    await go(harness);
    expect(held.reply).toBeUndefined();
    const sent = client.sendTexts(0, 'a', '', 'b');
    await go(harness);
    expect([sent.status, client.heard]).toEqual([204, ['a', '', 'b']]);
    expect(client.peer.messages.every(({ isBinary }) => isBinary)).toBe(true);
    expect(held.frames).toEqual(['a', '', 'b']);
  });

  test('X2 that were sent before are passed over, in whatever way they are sent again', async () => {
    const client = await Client.open(harness);
    const sent: [number, string][] = [
      [0, 'ab'],
      [0, 'ab'],
      [0, 'abcd'],
      [3, 'de'],
      [1, 'b'],
    ];
    for (const [after, texts] of sent) {
      const again = client.sendTexts(after, ...texts);
      await go(harness);
      expect(again.status).toBe(204);
    }
    expect(client.heard).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('X2 that were answered are answered again until they are acknowledged', async () => {
    const client = await Client.open(harness);
    const { socket } = client.peer;
    for (const text of ['a', 'b', 'c']) socket.send(bytes(text));
    for (let i = 0; i < 3; i++) {
      const poll = client.poll(0);
      await go(harness);
      expect(poll.frames).toEqual(['a', 'b', 'c']);
    }
    socket.send(bytes('d'));
    const next = client.poll(2);
    await go(harness);
    expect(next.frames).toEqual(['c', 'd']);
    const late = client.poll(0);
    const held = client.poll(4);
    await go(harness);
    expect([late.status, held.reply]).toEqual([409, undefined]);
    expect(socket.bufferedBytes).toBe(0);
    const overtaken = client.poll(3);
    await go(harness);
    expect([overtaken.status, held.reply]).toEqual([409, undefined]);
  });

  test('X2 a second poll takes the place of the first', async () => {
    const client = await Client.open(harness);
    const first = client.poll(0);
    const second = client.poll(0);
    await go(harness);
    client.peer.socket.send(bytes('a'));
    await go(harness);
    expect([first.status, second.frames]).toEqual([409, ['a']]);
    // The first client end goes away late, and takes nothing from the second.
    first.goAway();
    expect(client.peer.socket.isOpen).toBe(true);
  });

  test('X2 a request whose body never ends is dropped for the next', async () => {
    const client = await Client.open(harness);
    let finish = (_body: Uint8Array): void => {};
    const stuck = client.send(0, new Promise<Uint8Array>((resolve) => (finish = resolve)));
    await go(harness);
    const again = client.sendTexts(0, 'a');
    await go(harness);
    expect([stuck.isDropped, again.status, client.heard]).toEqual([true, 204, ['a']]);
    finish(encodeBody({ frames: [bytes('a'), bytes('b')] }));
    await go(harness);
    expect([stuck.status, client.heard]).toEqual([409, ['a']]);
  });

  test('X3 published reach every subscriber but the publisher, copied once', async () => {
    const [a, b, other] = [
      await Client.open(harness),
      await Client.open(harness),
      await Client.open(harness),
    ];
    for (const { peer } of [a, b]) peer.socket.subscribe('t');
    b.peer.socket.subscribe('t');
    other.peer.socket.subscribe('u');
    const frame = bytes('1');
    harness.topics.publish('t', frame);
    frame.fill(0);
    harness.topics.publish('t', bytes('2'), a.peer.socket);
    harness.topics.publish('t', bytes('3'), other.peer.socket);
    b.peer.socket.send(bytes('4'));
    b.peer.socket.unsubscribe('t');
    harness.topics.publish('t', bytes('5'));
    expect([harness.topics.count('t'), harness.topics.count('u'), harness.topics.count('v')]).toEqual([
      1, 1, 0,
    ]);
    const polls = [a, b, other].map((client) => client.poll(0));
    await go(harness);
    expect(polls[0]!.frames).toEqual(['1', '3', '5']);
    expect(polls[1]!.frames).toEqual(['1', '2', '3', '4']);
    expect(polls[2]!.reply).toBeUndefined();
  });

  test('X1 many or large ones come in several answers, one that is larger than all in one', async () => {
    const client = await Client.open(harness);
    const { socket } = client.peer;
    for (const size of [100, 100, 100, 300]) socket.send(new Uint8Array(size * KiB));
    const counts: number[] = [];
    for (let after = 0; after < 4;) {
      const poll = client.poll(after);
      await go(harness);
      counts.push(poll.frames.length);
      after += poll.frames.length;
    }
    expect(counts).toEqual([2, 1, 1]);
  });
});

describe('the end', () => {
  test('X1 comes with its code and reason behind the frames before it, and closed is told then', async () => {
    const client = await Client.open(harness);
    const { socket } = client.peer;
    socket.subscribe('t');
    socket.send(bytes('last'));
    socket.close(4403, `FORBIDDEN: ${'é'.repeat(100)}`);
    expect([socket.isOpen, socket.send(bytes('after')), harness.topics.count('t')]).toEqual([
      false,
      'dropped',
      0,
    ]);
    await go(harness);
    expect(events(client)).toEqual([]);
    const ignored = client.sendTexts(0, 'too late');
    const poll = client.poll(0);
    await go(harness);
    expect(poll.frames).toEqual(['last']);
    expect(poll.body.farewell).toEqual({ code: 4403, reason: `FORBIDDEN: ${'é'.repeat(56)}` });
    expect([ignored.status, client.heard, events(client)]).toEqual([204, [], ['closed 4403']]);
    const after = client.poll(1);
    await go(harness);
    expect(after.status).toBe(410);
  });

  test('X1 reaches a poll that is held', async () => {
    const client = await Client.open(harness);
    const poll = client.poll(0);
    await go(harness);
    client.peer.socket.close(1012, 'DRAINING');
    await go(harness);
    expect(poll.body).toEqual({ frames: [], farewell: { code: 1012, reason: 'DRAINING' } });
    expect(events(client)).toEqual(['closed 1012']);
  });

  test('X1 by the client, with the last frames, is told at once', async () => {
    const client = await Client.open(harness);
    const poll = client.poll(0);
    const bye = client.send(0, { frames: [bytes('last')], farewell: { code: 1000, reason: '' } });
    await go(harness);
    expect([bye.status, poll.status, client.heard]).toEqual([204, 410, ['last']]);
    expect(events(client)).toEqual(['message', 'closed 1000']);
  });

  test('X1 by a throw is 1011, and touches no other', async () => {
    const [client, other] = [await Client.open(harness), await Client.open(harness)];
    harness.server.onMessage = () => {
      throw new Error('boom');
    };
    const sent = client.sendTexts(0, 'boom', 'not heard');
    const poll = client.poll(0);
    await go(harness);
    expect([sent.status, poll.body.farewell?.code, client.heard]).toEqual([204, 1011, ['boom']]);
    expect([events(client), events(other)]).toEqual([['message', 'closed 1011'], []]);
    expect(harness.log).toHaveLength(1);
  });

  test('X1 is once, and every method of a socket that is closed does nothing', async () => {
    const client = await Client.open(harness);
    const { socket } = client.peer;
    socket.terminate();
    for (let pass = 0; pass < 2; pass++) {
      expect([socket.isOpen, socket.bufferedBytes, socket.send(bytes('x'))]).toEqual([false, 0, 'dropped']);
      let ran = false;
      socket.cork(() => (ran = true));
      expect(ran).toBe(true);
      socket.subscribe('t');
      socket.unsubscribe('t');
      socket.close(1000, '');
      socket.terminate();
      await go(harness);
    }
    expect(events(client)).toEqual(['closed 1006']);
  });

  test('X1 of the server ends all, held polls too', async () => {
    const clients = [await Client.open(harness), await Client.open(harness)];
    const polls = clients.map((client) => client.poll(0));
    await go(harness);
    harness.longPoll.close();
    harness.longPoll.close();
    await go(harness);
    expect(polls.map(({ status }) => status)).toEqual([410, 410]);
    expect(clients.map(events)).toEqual([['closed 1006'], ['closed 1006']]);
  });
});

describe('a client that is slow or gone', () => {
  test('X5 is answered with nothing after 25 s, and may ask again', async () => {
    const client = await Client.open(harness);
    for (let i = 0; i < 4; i++) {
      const poll = client.poll(0);
      await go(harness, 24_000);
      expect(poll.reply).toBeUndefined();
      await go(harness, 2_000);
      expect(poll.body).toEqual({ frames: [] });
      await go(harness, 12_000);
    }
    expect(events(client)).toEqual([]);
  });

  test('X5 is gone 15 s after its last poll ended, however it did', async () => {
    const [answered, cut, busy] = [
      await Client.open(harness),
      await Client.open(harness),
      await Client.open(harness),
    ];
    void answered.poll(0);
    const poll = cut.poll(0);
    await go(harness);
    answered.peer.socket.send(bytes('x'));
    await go(harness);
    poll.goAway();
    cut.peer.socket.send(bytes('kept'));
    for (let second = 0; second < 14; second++) {
      busy.sendTexts(second, 'sending is not reading');
      await go(harness, 1_000);
    }
    expect([answered, cut, busy].map(events).flat().includes('closed 1006')).toBe(false);
    await go(harness, 2_000);
    for (const client of [answered, cut, busy]) expect(events(client).at(-1)).toBe('closed 1006');
    const late = cut.poll(0);
    await go(harness);
    expect(late.status).toBe(410);
  });

  test('X4, C4: what is not acknowledged counts as buffered, and is told when it shrinks', async () => {
    const client = await Client.open(harness);
    const { socket } = client.peer;
    expect(socket.send(new Uint8Array(1000))).toBe('buffered');
    socket.send(new Uint8Array(500));
    // 400 for each frame beside its bytes.
    expect(socket.bufferedBytes).toBe(2300);
    client.poll(0);
    await go(harness);
    expect([socket.bufferedBytes, events(client)]).toEqual([2300, []]);
    client.poll(1);
    await go(harness);
    expect([socket.bufferedBytes, events(client)]).toEqual([900, ['drained']]);
  });

  test('T17 small frames count with what they take beside their bytes', async () => {
    const client = await Client.open(harness);
    const { socket } = client.peer;
    let taken = 0;
    while (socket.send(bytes('pong 12345')) === 'buffered') taken++;
    // 400 KiB at 410 bytes for a frame of 10, and the one that goes over the limit.
    expect(taken).toBe(1000);
    const reader = await Client.open(harness);
    for (let i = 0; i < 100; i++) reader.peer.socket.send(bytes('x'));
    expect(reader.peer.socket.bufferedBytes).toBe(100 * 401);
    reader.poll(0);
    await go(harness);
    reader.poll(100);
    await go(harness);
    expect(reader.peer.socket.bufferedBytes).toBe(0);
  });

  test('X4, C4: is cut off with the first frame over the limit, and gets nothing after the gap', async () => {
    const client = await Client.open(harness);
    const { socket } = client.peer;
    socket.subscribe('t');
    for (let i = 0; i < 5; i++) harness.topics.publish('t', new Uint8Array(99 * KiB));
    expect(socket.isOpen).toBe(true);
    harness.topics.publish('t', bytes('one too many'));
    expect([socket.isOpen, events(client)]).toEqual([false, []]);
    const poll = client.poll(0);
    await go(harness);
    expect([poll.status, events(client)]).toEqual([410, ['dropped', 'closed 1006']]);
  });
});
