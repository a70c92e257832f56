// Large messages that go deflated, as the client sends and takes them.

import { deflateRawSync } from 'node:zlib';
import * as Y from 'yjs';
import { afterEach, describe, expect, it } from 'vitest';
import { documentOfSize } from '../../../bench/input/documents.js';
import { Connection, type ConnectionDeps } from '../../../client/connection/connection.js';
import { Inflow } from '../../../client/connection/inflow.js';
import { Outflow } from '../../../client/connection/outflow.js';
import type { OpenSocket } from '../../../client/connection/socket.js';
import { platformDeflation } from '../../../client/platform/deflation.js';
import { SyncedDoc } from '../../support/synced-doc.js';
import { mostInflatedBytes, type Deflation } from '../../../shared/native/deflation.js';
import { decodeClientFrame, encodeClientFrame, encodeServerFrame } from '../../../shared/native/frame.js';
import type { NativeClientMessage, NativeServerMessage } from '../../../shared/native/messages.js';
import { Network } from '../../support/client-sockets.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { inflatedAtOnce, promptDeflation } from '../../support/prompt-deflation.js';
import { chooseSeed, withSeed } from '../../support/seeded-random.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import { settled } from '../../support/turns.js';

const pong = (serverTime: number): NativeServerMessage => ({ type: 'pong', clientTime: 0, serverTime });
const deflated = (...messages: NativeServerMessage[]): NativeServerMessage => {
  const content = encodeServerFrame(...messages);
  return { type: 'deflated', size: content.length, body: deflateRawSync(content) };
};

/** Bytes that deflate to about a fifth, as text does. */
function wordsOf(bytes: number): Uint8Array {
  let value = 7;
  return Uint8Array.from({ length: bytes }, (_, i) => {
    if (i % 5 === 0) value = (value * 1103515245 + 12345) % 2147483648;
    return i % 5 === 0 ? value % 251 : 97;
  });
}

/** Deflations that settle when the test says so, in any order. */
class SlowDeflation implements Deflation {
  readonly due: (() => void)[] = [];

  async deflate(plain: Uint8Array): Promise<Uint8Array> {
    await new Promise<void>((resolve) => this.due.push(resolve));
    return promptDeflation.deflate(plain);
  }

  async inflate(body: Uint8Array, size: number): Promise<Uint8Array> {
    await new Promise<void>((resolve) => this.due.push(resolve));
    return promptDeflation.inflate(body, size);
  }

  async goOnToTheEnd(): Promise<void> {
    for (let due = this.due.shift(); due !== undefined; due = this.due.shift()) {
      due();
      await settled();
    }
  }
}

function listening(deflation: Deflation | undefined) {
  const heard: (number | string)[] = [];
  const inflow = new Inflow(
    {
      hear: (message) => void heard.push(message.type === 'pong' ? message.serverTime : message.type),
      failed: ({ code }) => {
        heard.push(code);
        inflow.close();
      },
    },
    deflation,
  );
  return { heard, inflow };
}

describe('what a client hears', () => {
  it('N25: is told in order, the end of the socket too, whatever is inflated meanwhile', async () => {
    const deflation = new SlowDeflation();
    const { heard, inflow } = listening(deflation);
    inflow.frame(encodeServerFrame(pong(1), deflated(pong(2), pong(3)), pong(4), deflated(pong(5)), pong(6)));
    inflow.frame(encodeServerFrame(pong(7)));
    inflow.frame(encodeServerFrame(deflated(pong(8))));
    inflow.end(() => void heard.push('end'));
    expect(heard).toEqual([1]);
    await settled();
    deflation.due.shift()?.();
    await settled();
    expect(heard).toEqual([1, 2, 3, 4]);
    await deflation.goOnToTheEnd();
    expect(heard).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 'end']);
  });

  it('N25: is told at once while nothing is inflated', () => {
    const { heard, inflow } = listening(undefined);
    inflow.frame(encodeServerFrame(pong(1), pong(2)));
    inflow.end(() => void heard.push('end'));
    expect(heard).toEqual([1, 2, 'end']);
  });

  it('N25: is not told any more once the connection has let go of its socket', async () => {
    const deflation = new SlowDeflation();
    const { heard, inflow } = listening(deflation);
    inflow.frame(encodeServerFrame(deflated(pong(1)), pong(2)));
    inflow.close();
    inflow.frame(encodeServerFrame(pong(3)));
    await deflation.goOnToTheEnd();
    expect(heard).toEqual([]);
  });

  it.each([
    ['more than it says', { type: 'deflated', size: 10, body: deflateRawSync(new Uint8Array(1_000_000)) }],
    ['less than it says', { type: 'deflated', size: 10, body: deflateRawSync(new Uint8Array(9)) }],
    ['what is no deflate', { type: 'deflated', size: 10, body: new Uint8Array(9).fill(255) }],
  ] as const)('N26: ends the connection where a message holds %s', async (_what, message) => {
    const { heard, inflow } = listening(platformDeflation());
    inflow.frame(encodeServerFrame(pong(1), message, pong(2)));
    await expect.poll(() => heard).toEqual([1, 'FRAME_MALFORMED']);
  });

  it('N27: ends the connection where the platform cannot inflate, and was not to be asked to', async () => {
    const { heard, inflow } = listening(undefined);
    inflow.frame(encodeServerFrame(deflated(pong(1))));
    await settled();
    expect(heard).toEqual(['FRAME_MALFORMED']);
  });
});

describe('what a client says', () => {
  const say = (n: number, bytes: number, update = wordsOf(bytes)): Uint8Array =>
    encodeClientFrame({ type: 'update', document: 1, seq: n, update });
  function speaking() {
    const frames: Uint8Array[] = [];
    const outflow = new Outflow({
      send: (frame) => void frames.push(frame),
      bufferedBytes: 0,
      close() {},
    });
    const said = (): string[] =>
      frames
        .flatMap((frame) => decodeClientFrame(frame))
        .map((message) =>
          message.type === 'deflated'
            ? `deflated ${seqs(decodeClientFrame(inflatedAtOnce(message.body, message.size)))}`
            : seqs([message]),
        );
    return { outflow, said };
  }
  const seqs = (messages: readonly NativeClientMessage[]): string =>
    messages.map((message) => ('seq' in message ? message.seq : '?')).join(' ');

  it('N24, N25: is deflated where it is large, and leaves in order', async () => {
    const deflation = new SlowDeflation();
    const { outflow, said } = speaking();
    outflow.send(say(1, 10), deflation);
    outflow.send(say(2, 20_000), deflation);
    outflow.send(say(3, 10), deflation);
    outflow.send(say(4, 20_000), deflation);
    outflow.send(say(5, 10), deflation);
    expect(said()).toEqual(['1']);
    await settled();
    await deflation.goOnToTheEnd();
    expect(said()).toEqual(['1', 'deflated 2', '3', 'deflated 4', '5']);
    outflow.send(say(6, 10), deflation);
    expect(said().at(-1)).toBe('6');
  });

  it('N25: leaves as it is when the connection is let go of meanwhile', async () => {
    const deflation = new SlowDeflation();
    const { outflow, said } = speaking();
    outflow.send(say(1, 20_000), deflation);
    outflow.send(say(2, 10), deflation);
    outflow.close();
    expect(said()).toEqual(['1', '2']);
    await deflation.goOnToTheEnd();
    expect(said()).toEqual(['1', '2']);
  });

  it('N24, N27: goes as it is where that gains nothing, or cannot be done', async () => {
    const broken = { ...promptDeflation, deflate: () => Promise.reject(new Error('no memory')) };
    const useless = { ...promptDeflation, deflate: async (plain: Uint8Array) => plain };
    for (const deflation of [undefined, broken, useless]) {
      const { outflow, said } = speaking();
      outflow.send(say(1, 20_000), deflation);
      outflow.send(say(2, 10), deflation);
      await settled();
      expect(said()).toEqual(['1', '2']);
    }
  });

  it('N24, N26: goes as it is where no server would inflate it', async () => {
    const { outflow, said } = speaking();
    outflow.send(say(1, mostInflatedBytes + 1), promptDeflation);
    outflow.send(say(2, 0, new Uint8Array(20_000)), promptDeflation);
    await settled();
    expect(said()).toEqual(['1', '2']);
  });
});

const seed = chooseSeed();
it(`N25: frames of any kind are told in the order in which they came (seed ${seed})`, async () => {
  await withSeed(seed, async (random) => {
    for (let round = 0; round < 50; round++) {
      const deflation = new SlowDeflation();
      const { heard, inflow } = listening(deflation);
      let next = 0;
      for (let frame = 0; frame < 20; frame++) {
        const messages = Array.from({ length: 1 + random.int(4) }, () =>
          random.chance(0.3)
            ? deflated(...Array.from({ length: 1 + random.int(3) }, () => pong(next++)))
            : pong(next++),
        );
        inflow.frame(encodeServerFrame(...messages));
        if (random.chance(0.5)) deflation.due.shift()?.();
        if (random.chance(0.5)) await settled(1);
      }
      await settled();
      await deflation.goOnToTheEnd();
      expect(heard).toEqual(Array.from({ length: next }, (_, n) => n));
    }
  });
});

describe('what the platform deflates', () => {
  it('N24: inflates to what it was', async () => {
    const deflation = platformDeflation()!;
    const plain = documentOfSize(200_000, 1);
    const body = await deflation.deflate(plain);
    expect(body.length).toBeLessThan(0.7 * plain.length);
    expect(Buffer.compare(await deflation.inflate(body, plain.length), plain)).toBe(0);
    expect(Buffer.compare(inflatedAtOnce(body, plain.length), plain)).toBe(0);
  });
});

describe('a connection', () => {
  let server: SessionServer;
  const ends: (() => void)[] = [];

  afterEach(async () => {
    for (const end of ends.splice(0)) end();
    await server.run(10);
    await server.close();
  });

  function client(deps: Partial<ConnectionDeps>): { doc: Y.Doc; sync: SyncedDoc; network: Network } {
    const network = new Network(() => server.transport);
    const doc = new Y.Doc();
    const { clock } = server;
    const random = (): number => 0.5;
    const connection = new Connection({
      url: 'ws://server/',
      token: async () => 'write',
      device: 'device',
      agent: 'test/1',
      openSocket: network.openSocket,
      clock,
      random,
      ...deps,
    });
    const sync = new SyncedDoc({
      doc,
      name: 'doc',
      connection,
      clock,
      random,
    });
    sync.start();
    connection.connect();
    ends.push(() => {
      sync.destroy();
      connection.destroy();
    });
    return { doc, sync, network };
  }

  it('N24: uploads and loads a large document in fewer bytes', async () => {
    server = createSessionServer();
    const content = documentOfSize(700_000, 1);
    const writer = client({ deflation: promptDeflation });
    await server.run(50);
    Y.applyUpdate(writer.doc, content);
    await server.run(200);
    expect(writer.sync.unsynced).toBe(0);
    expect(writer.network.sentBytes).toBeLessThan(0.7 * content.length);
    const [one, other] = [client({ deflation: promptDeflation }), client({})];
    await server.run(200);
    expect(one.network.heardBytes).toBeLessThan(0.7 * other.network.heardBytes);
    for (const { doc, sync } of [one, other]) {
      expect(sync.phase).toBe('synced');
      expect(Buffer.compare(Y.encodeStateAsUpdate(doc), Y.encodeStateAsUpdate(writer.doc))).toBe(0);
    }
  });

  it('N27: sends nothing deflated to a server that has not said that it inflates', async () => {
    server = createSessionServer();
    const said: NativeClientMessage[] = [];
    const welcome = encodeServerFrame({
      type: 'welcome',
      version: 2,
      serverTime: 0,
      expiresAt: 0,
      maxSilenceMs: 40_000,
      server: 's',
      run: 'r',
      user: 'u',
      limits: {},
    });
    const openSocket: OpenSocket = (_url, events) => {
      queueMicrotask(() => events.opened());
      return {
        bufferedBytes: 0,
        send(frame) {
          said.push(...decodeClientFrame(frame));
          if (said.length === 1) events.frame(welcome);
        },
        close() {},
      };
    };
    const connection = new Connection({
      url: 'ws://server/',
      token: async () => 'write',
      device: 'device',
      agent: 'test/1',
      openSocket,
      deflation: promptDeflation,
      clock: createFakeClock(),
      random: () => 0.5,
    });
    ends.push(() => connection.destroy());
    connection.connect();
    await settled();
    connection.say({ type: 'update', document: 1, seq: 1, update: new Uint8Array(100_000) });
    await settled();
    expect(said.map(({ type }) => type)).toEqual(['hello', 'update']);
    expect(said[0]).toMatchObject({ extensions: { inflates: true } });
  });
});
