// The native protocol: updates by number, and resume by offset.

import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  nativePeer,
  openedBy,
  NativePeer,
  type NativePeerOptions,
  type PeerDocument,
} from '../../support/native-peer.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';

let server: SessionServer;

beforeEach(() => {
  server = createSessionServer();
});

afterEach(() => server.close());

const connect = (options?: NativePeerOptions): Promise<NativePeer> => nativePeer(server, options);
const opened = (peer: NativePeer, name: string, doc?: Y.Doc): Promise<PeerDocument> =>
  openedBy(server, peer, name, doc);

describe('N3: numbers', () => {
  it('D1: are acknowledged when durable, and not before', async () => {
    const peer = await connect();
    const document = await opened(peer, 'doc');
    server.store.hold('append');
    peer.insert(document, 'a');
    await server.run(200);
    expect(document.acked).toBe(0);
    server.store.release('append');
    await server.run(50);
    expect(document.acked).toBe(1);
    expect(peer.heardOf('update')).toEqual([]);
  });

  it('C3: of what is known already are acknowledged too', async () => {
    const peer = await connect();
    const document = await opened(peer, 'doc');
    const update = peer.insert(document, 'a');
    peer.update(document, update);
    peer.update(document, update, 'offer');
    await server.run(50);
    expect(document.acked).toBe(3);
    expect(server.store.batches.length).toBe(1);
  });

  it('in a busy room ride on the frame that goes to all', async () => {
    const peers = await Promise.all([connect(), connect(), connect(), connect()]);
    const documents: PeerDocument[] = [];
    for (const peer of peers) documents.push(await opened(peer, 'doc'));
    for (let round = 0; round < 20; round++) {
      for (const [i, peer] of peers.entries()) peer.insert(documents[i]!, `${i}`);
      await server.run(1, 1);
    }
    await server.run(200);
    expect(documents.map(({ acked }) => acked)).toEqual([20, 20, 20, 20]);
    expect(new Set(documents.map(({ text }) => text)).size).toBe(1);
    const joined = peers[0].heardOf('update').filter(({ acks }) => acks.length > 0);
    expect(joined.length).toBeGreaterThan(0);
    expect(peers[0].heardOf('ack').length).toBeLessThan(5);
  });

  it('O1: of an update that is refused come back with the reason, and the document goes on', async () => {
    const peer = await connect();
    const document = await opened(peer, 'doc');
    peer.update(document, Uint8Array.of(7, 7, 7));
    peer.insert(document, 'a');
    await server.run(50);
    expect(peer.heardOf('refused')).toMatchObject([
      { document: document.number, seq: 1, code: 'UPDATE_INVALID' },
    ]);
    expect(document.acked).toBe(2);
  });

  it('A4: a reader hears of each that it may not write, and of none that adds nothing', async () => {
    const writer = await connect();
    const written = await opened(writer, 'doc');
    const update = writer.insert(written, 'a');
    await server.run(50);
    const reader = await connect({ token: 'read' });
    const document = await opened(reader, 'doc');
    expect(reader.heardOf('opened')[0]?.access).toBe('read');
    reader.update(document, update);
    reader.insert(document, 'b');
    reader.insert(document, 'c');
    await server.run(50);
    expect(reader.heardOf('refused').map(({ seq, code }) => [seq, code])).toEqual([
      [2, 'READ_ONLY'],
      [3, 'READ_ONLY'],
    ]);
    expect(document.acked).toBe(3);
    expect(written.text).toBe('a');
  });

  it.each([0, 2, 5])('O1: that do not follow each other close the document (%i first)', async (seq) => {
    const peer = await connect();
    const document = await opened(peer, 'doc');
    peer.say({ type: 'update', document: document.number, seq, update: Uint8Array.of(0, 0) });
    await server.run(50);
    expect(peer.heardOf('closed')[0]?.code).toBe('FRAME_MALFORMED');
  });

  it('C2: wait for what an update depends on, which is asked for and offered', async () => {
    const peer = await connect();
    const document = await opened(peer, 'doc');
    const { doc } = document;
    doc.getText('text').insert(0, 'never sent ');
    peer.insert(document, 'sent');
    await server.run(50);
    expect(document.acked).toBe(0);
    const [wanted] = peer.heardOf('wanted');
    peer.update(document, Y.encodeStateAsUpdate(doc, wanted!.stateVector), 'offer');
    await server.run(1_000);
    expect(document.acked).toBe(2);
    const reader = await connect();
    expect((await opened(reader, 'doc')).text).toBe('never sent sent');
  });

  it('C2: and when it never comes, the document is closed, to be opened anew', async () => {
    const peer = await connect();
    const document = await opened(peer, 'doc');
    document.doc.getText('text').insert(0, 'never sent ');
    peer.insert(document, 'sent');
    await server.run(11_000, 100);
    expect(peer.heardOf('closed')).toMatchObject([{ code: 'UPDATE_INCOMPLETE' }]);
    expect(document.acked).toBe(0);
    expect(peer.closed).toBeUndefined();
  });
});

describe('N5: resume', () => {
  async function missedBy(
    count: number,
  ): Promise<{ known: PeerDocument; writer: NativePeer; at: PeerDocument }> {
    const [reader, writer] = [await connect(), await connect()];
    const [known, at] = [await opened(reader, 'doc'), await opened(writer, 'doc')];
    writer.insert(at, 'before ');
    await server.run(100);
    writer.say({ type: 'sync', document: at.number });
    writer.insert(at, 'the end ');
    await server.run(100);
    reader.terminate();
    await server.run(20);
    for (let i = 0; i < count; i++) {
      writer.insert(at, `${i} `);
      await server.run(100);
    }
    return { known, writer, at };
  }

  it('brings the records after the offset and nothing else', async () => {
    const { known, at } = await missedBy(5);
    expect(known.cursor).toBeGreaterThan(0);
    const back = await connect();
    const before = back.heardBytes;
    const { epoch, cursor: offset } = known;
    const again = back.open('doc', known.doc, { kind: 'offset', epoch, offset });
    await server.run(50);
    expect(back.heardOf('opened')).toMatchObject([{ isContentNext: true, stateVector: new Uint8Array(0) }]);
    expect(again.text).toBe(at.text);
    expect(again.isSynced).toBe(true);
    expect(again.cursor).toBe(at.cursor);
    expect(back.heardOf('update').length).toBe(1);
    expect(back.heardBytes - before).toBeLessThan(160);
  });

  it('brings nothing to who has it all', async () => {
    const { known, writer, at } = await missedBy(0);
    writer.say({ type: 'sync', document: at.number });
    await server.run(50);
    const back = await connect();
    const { epoch } = known;
    const again = back.open('doc', at.doc, { kind: 'offset', epoch, offset: at.cursor });
    await server.run(50);
    expect(back.heardOf('update')).toEqual([]);
    expect(again.isSynced).toBe(true);
  });

  it.each([
    ['another epoch', (known: PeerDocument) => ({ epoch: `${known.epoch}x`, offset: known.cursor })],
    ['an offset that has not been yet', (known: PeerDocument) => ({ epoch: known.epoch, offset: 1_000 })],
  ])('with %s asks for a state vector', async (_what, claim) => {
    const { known, at } = await missedBy(3);
    const back = await connect();
    const again = back.open('doc', known.doc, { kind: 'offset', ...claim(known) });
    await server.run(50);
    expect(back.heardOf('opened')).toMatchObject([{ isContentNext: false }]);
    expect(again.isSynced).toBe(false);
    back.say({ type: 'request', document: again.number, stateVector: Y.encodeStateVector(known.doc) });
    await server.run(50);
    expect(again.text).toBe(at.text);
    expect(again.isSynced).toBe(true);
  });

  it('asks for one when the log before the checkpoint is gone', async () => {
    const { known } = await missedBy(3);
    const room = await server.registry.open('doc' as never);
    await server.registry.checkpoint(room);
    const back = await connect();
    const { epoch, cursor: offset } = known;
    back.open('doc', known.doc, { kind: 'offset', epoch, offset });
    await server.run(50);
    expect(back.heardOf('opened')).toMatchObject([{ isContentNext: false }]);
  });
});
