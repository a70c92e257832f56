// What one connection is still to be sent: at once, later, or no more.

import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nativeDialect } from '../../../server/dialect/native.js';
import { ByteBudget } from '../../../server/session/byte-budget.js';
import { Channel, type ChannelHost } from '../../../server/session/channel.js';
import { BoundedDeflation } from '../../../server/session/bounded-deflation.js';
import { FrameCache } from '../../../server/session/frame-cache.js';
import { Outbox } from '../../../server/session/outbox.js';
import type { Socket } from '../../../server/transport/transport.js';
import { parseDocumentName } from '../../../shared/document-name.js';
import { encodeClientFrame } from '../../../shared/native/frame.js';
import { silentLogger } from '../../../shared/logger.js';
import { defaultLimits } from '../../../shared/limits.js';
import type { SyncError } from '../../../shared/errors.js';
import { promptDeflation } from '../../support/prompt-deflation.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { nativePeer, openedBy, PeerDocument, type NativePeer } from '../../support/native-peer.js';
import { editor } from '../../support/room-watch.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';

/** A socket whose buffer a test fills and empties. */
class FakeBuffer {
  readonly sent: number[] = [];
  bufferedBytes = 0;
  isOpen = true;
  readonly socket = {
    remoteAddress: '',
    send: (frame: Uint8Array) => {
      this.sent.push(frame[0] ?? -1);
      this.bufferedBytes += frame.length;
      return 'sent';
    },
    cork: (run: () => void) => run(),
  } as unknown as Socket;

  constructor() {
    Object.defineProperty(this.socket, 'bufferedBytes', { get: () => this.bufferedBytes });
  }
}

describe('an outbox', () => {
  let clock: FakeClock;
  let buffer: FakeBuffer;
  let errors: SyncError[];
  let outbox: Outbox;

  beforeEach(() => {
    clock = createFakeClock();
    buffer = new FakeBuffer();
    errors = [];
    const limits = { ...defaultLimits, softBufferedBytes: 10, maxUnsentBytes: 2_000 };
    const refuse = (error: SyncError): void => {
      errors.push(error);
      outbox.close();
    };
    outbox = new Outbox({ socket: buffer.socket, refuse }, { clock, limits });
  });

  const frame = (first: number, length = 4): Uint8Array => new Uint8Array(length).fill(first);

  it('N9: sends at once while there is room, and in order when there is room again', () => {
    for (const first of [1, 2, 3, 4, 5]) outbox.send(frame(first));
    expect(buffer.sent).toEqual([1, 2, 3]);
    buffer.bufferedBytes = 0;
    outbox.drained();
    expect(buffer.sent).toEqual([1, 2, 3, 4, 5]);
    outbox.send(frame(6));
    expect(buffer.sent).toEqual([1, 2, 3, 4, 5, 6]);
    expect(outbox.waitingBytes).toBe(0);
  });

  it('N9: the newest of its kind waits once, is made when it is sent, and comes after all frames', () => {
    let made = 0;
    const latest = { encodeLatest: () => frame(100 + ++made) };
    outbox.send(frame(1, 20));
    outbox.sendLatest(latest);
    outbox.send(frame(2));
    for (let i = 0; i < 1_000; i++) outbox.sendLatest(latest);
    outbox.send(frame(3));
    expect([made, errors]).toEqual([0, []]);
    buffer.bufferedBytes = 0;
    outbox.drained();
    expect(buffer.sent).toEqual([1, 2, 3, 101]);
    outbox.sendLatest(latest);
    expect(buffer.sent.length).toBe(4);
    outbox.forget(latest);
    buffer.bufferedBytes = 0;
    outbox.drained();
    expect(made).toBe(1);
  });

  it('O2: counts the bytes of what waits, and gives up on a client that reads nothing', () => {
    outbox.send(frame(1, 20));
    for (let i = 0; i < 7; i++) outbox.send(frame(2, 20));
    expect(errors).toEqual([]);
    outbox.send(frame(2, 20));
    expect(errors.map(({ code }) => code)).toEqual(['SLOW_CONSUMER']);
    expect(outbox.waitingBytes).toBe(0);
    outbox.send(frame(3));
    expect(buffer.sent).toEqual([1]);
  });

  it('O2: gives up on a client that has taken nothing for too long, and not on one that takes a little', () => {
    outbox.send(frame(1, 20));
    outbox.send(frame(2, 20));
    clock.advance(29_000);
    outbox.checkProgress();
    outbox.drained();
    clock.advance(29_000);
    outbox.checkProgress();
    clock.advance(2_000);
    expect(() => outbox.checkProgress()).toThrow(expect.objectContaining({ code: 'SLOW_CONSUMER' }));
    buffer.bufferedBytes = 0;
    outbox.drained();
    clock.advance(60_000);
    expect(() => outbox.checkProgress()).not.toThrow();
  });
});

describe('an acknowledgement that could go with a published frame', () => {
  it('N9: goes through the outbox while anything waits there, such as the refusal of an earlier update', async () => {
    const server = createSessionServer();
    const room = await server.registry.open(parseDocumentName('doc'));
    const buffer = new FakeBuffer();
    const clock = createFakeClock();
    const deps = {
      clock,
      logger: silentLogger,
      limits: defaultLimits,
      frames: new FrameCache(clock, new BoundedDeflation(promptDeflation)),
    };
    const { socket } = buffer;
    const outbox = new Outbox({ socket, refuse() {} }, deps);
    const host = { socket, outbox, right: { access: 'write' }, held: new ByteBudget(1_000), refuse() {} };
    const channel = new Channel(deps, {
      dialect: nativeDialect,
      room,
      host: host as unknown as ChannelHost,
      sub: undefined,
      device: undefined,
    });
    for (let seq = 1; seq <= 3; seq++)
      void channel.handle({ type: 'update', update: editor(seq).edit('a'), seq });
    expect(channel.ackOf([1])).toEqual({ writer: channel.number, seq: 1 });
    buffer.bufferedBytes = defaultLimits.softBufferedBytes + 1;
    outbox.send(Uint8Array.of(99));
    expect(channel.ackOf([2, 3])).toBeUndefined();
    buffer.sent.length = 0;
    buffer.bufferedBytes = 0;
    outbox.drained();
    const [ackType] = nativeDialect.encoder(1).acknowledgement(3, 0);
    expect(buffer.sent).toEqual([99, ackType]);
    channel.close();
    await server.close();
  });
});

describe('a client that does not read', () => {
  let server: SessionServer;
  const limits = { softBufferedBytes: 4_000, maxBufferedBytes: 100_000, maxUnsentBytes: 200_000 };

  beforeEach(() => {
    server = createSessionServer({ limits });
  });

  afterEach(() => server.close());

  async function deaf(token: string, documents = 1): Promise<[NativePeer, PeerDocument[]]> {
    const peer = await nativePeer(server, { token });
    const opened: PeerDocument[] = [];
    for (let i = 0; i < documents; i++) opened.push(await openedBy(server, peer, `doc${i}`));
    peer.end.kernelBytes = 0;
    peer.end.isReading = false;
    return [peer, opened];
  }

  it('O2: and may not write costs no more than its limit, however much of it is refused', async () => {
    const [peer, [document]] = await deaf('read');
    for (let i = 0; i < 2_000; i++) {
      peer.insert(document!, 'x');
      if (i === 400) {
        await server.run(10);
        expect(server.sessions.size, 'a little is kept').toBe(1);
      }
    }
    await server.run(50);
    expect(server.sessions.size).toBe(0);
    peer.end.isReading = true;
    await server.run(50);
    expect(peer.heardOf('goodbye').map(({ code }) => code)).toEqual(['SLOW_CONSUMER']);
    // What was sent before the limit arrives; the rest was never kept.
    expect(peer.heardBytes).toBeLessThan(limits.maxBufferedBytes + limits.softBufferedBytes);
  });

  it('O2: and pings is sent away, too', async () => {
    const [peer] = await deaf('write');
    const pings = Array.from({ length: 900 }, () => ({ type: 'ping', clientTime: 1 }) as const);
    for (let i = 0; i < 3; i++) peer.say(...pings);
    await server.run(20);
    peer.end.isReading = true;
    await server.run(20);
    expect(peer.heardOf('goodbye').map(({ code }) => code)).toEqual(['SLOW_CONSUMER']);
    expect(peer.heardOf('pong').length).toBeLessThan(1_500);
  });

  it('O2: the limit is one for all its documents', async () => {
    const [peer, documents] = await deaf('read', 20);
    for (const document of documents) for (let i = 0; i < 60; i++) peer.insert(document, 'x');
    await server.run(50);
    peer.end.isReading = true;
    await server.run(50);
    expect(peer.heardOf('goodbye').map(({ code }) => code)).toEqual(['SLOW_CONSUMER']);
  });

  it('N9, N3: hears of its refusals before an acknowledgement that covers them, and of all acknowledgements in one', async () => {
    const [peer, [document]] = await deaf('write');
    for (let i = 0; i < 100; i++) {
      peer.insert(document!, 'x'.repeat(20));
      if (i % 2 === 0) peer.update(document!, Uint8Array.of(7, 7, 7));
      await server.run(5);
    }
    await server.run(200);
    const heard = peer.heard.length;
    peer.end.isReading = true;
    await server.run(200);
    expect(document!.acked).toBe(document!.seq);
    const later = peer.heard.slice(heard);
    const refused = new Set<number>();
    for (const message of later) {
      if (message.type === 'refused') refused.add(message.seq);
      if (message.type !== 'ack') continue;
      for (let seq = 1; seq <= message.seq; seq++) if (seq % 3 === 2) expect(refused).toContain(seq);
    }
    expect(refused.size).toBe(50);
    expect(later.filter(({ type }) => type === 'ack').length).toBeLessThan(90);
  });

  it('N9: an acknowledgement that waits for a document that was closed is not told of the next one', async () => {
    const [peer, [document]] = await deaf('write');
    peer.update(document!, Uint8Array.of(7, 7, 7));
    for (let i = 0; i < 60; i++) peer.update(document!, Uint8Array.of(7, 7, 7));
    await server.run(50);
    peer.say({ type: 'close', document: document!.number });
    const again = peer.open('doc0', new Y.Doc(), { kind: 'nothing' });
    await server.run(50);
    peer.end.isReading = true;
    await server.run(50);
    const opened = peer.heard.map(({ type }) => type).lastIndexOf('opened');
    expect(again.number).toBe(document!.number);
    expect(peer.heard.slice(opened).filter(({ type }) => type === 'ack')).toEqual([]);
  });
});

describe('a frame of many messages', () => {
  let server: SessionServer;

  beforeEach(() => {
    server = createSessionServer({ limits: { maxMessagesPerTurn: 10 } });
  });

  afterEach(() => server.close());

  it('N10: is taken whole, however many they are', async () => {
    const peer = await nativePeer(server);
    const names = Array.from({ length: 300 }, (_, i) => `doc${i}`);
    for (const [ref, name] of names.entries()) peer.documents.push(new PeerDocument(new Y.Doc(), name, ref));
    peer.end.send(
      encodeClientFrame(
        ...names.map((name, ref) => ({ type: 'open', ref, name, known: { kind: 'nothing' } }) as const),
        { type: 'ping', clientTime: 7 },
      ),
    );
    await server.run(200);
    expect(peer.heardOf('pong').length).toBe(1);
    expect(peer.heardOf('opened').map(({ ref }) => ref)).toEqual(names.map((_, ref) => ref));
  });

  it('N10: does not keep others waiting', async () => {
    const [peer, other] = [await nativePeer(server), await nativePeer(server)];
    peer.say(...Array.from({ length: 1_000 }, () => ({ type: 'ping', clientTime: 1 }) as const));
    other.say({ type: 'ping', clientTime: 2 });
    server.transport.flush();
    expect(other.heardOf('pong').length).toBe(1);
    expect(peer.heardOf('pong').length).toBe(10);
    await server.run(200, 1);
    expect(peer.heardOf('pong').length).toBe(1_000);
  });

  it('N10: of a stock client, too, and what comes before a bad message counts', async () => {
    const [writer, reader] = [await server.connected(), await server.connected()];
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    for (let i = 0; i < 40; i++) doc.getText('text').insert(i, 'x');
    const bytes = updates.flatMap((update) => [0, 2, update.length, ...update]);
    writer.send(Uint8Array.from([...bytes, 99]));
    await server.run(100);
    expect(reader.text).toBe('x'.repeat(40));
    expect(writer.closed?.reason).toContain('MESSAGE_UNKNOWN');
  });
});
