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

  it('D1, A4: a reader is told that what it brings again is durable only when it is', async () => {
    const [writer, reader] = [await connect(), await connect({ token: 'read' })];
    const [written, read] = [await opened(writer, 'doc'), await opened(reader, 'doc')];
    server.store.hold('append');
    const update = writer.insert(written, 'a');
    await server.run(50);
    reader.update(read, update);
    await server.run(50);
    expect(read.acked).toBe(0);
    server.store.release('append');
    await server.run(50);
    expect(read.acked).toBe(1);
    expect(reader.heardOf('refused')).toEqual([]);
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

/** So much that the whole document is more than what was missed. */
const before = 'before '.repeat(30);

describe('N5: resume', () => {
  async function missedBy(
    count: number,
  ): Promise<{ known: PeerDocument; writer: NativePeer; at: PeerDocument }> {
    const [reader, writer] = [await connect(), await connect()];
    const [known, at] = [await opened(reader, 'doc'), await opened(writer, 'doc')];
    writer.insert(at, before);
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
    const { offset } = await checkpoint();
    // As an older version, or `heddle compact`, leaves it.
    const stored = await server.store.kept.load('doc' as never);
    await server.store.kept.replace('doc' as never, stored!.checkpoint!);
    expect(await server.store.kept.loadKept('doc' as never, 0)).toEqual([]);
    expect(offset).toBe(stored!.checkpoint!.offset);
    const { back } = await comeBack(known);
    expect(back.heardOf('opened')).toMatchObject([{ isContentNext: false }]);
  });

  it('N8: goes on over a checkpoint, and brings no more than what was missed', async () => {
    const { known, at } = await missedBy(5);
    await checkpoint();
    expect(server.store.keptLoads).toEqual([]);
    const { back, again } = await comeBack(known);
    expect(back.heardOf('opened')).toMatchObject([{ isContentNext: true, stateVector: new Uint8Array(0) }]);
    expect(server.store.keptLoads).toEqual([known.cursor]);
    expect(again.text).toBe(at.text);
    expect(again.isSynced).toBe(true);
    expect(again.cursor).toBe(at.cursor);
    expect(back.heardOf('update').length).toBe(1);
    const { update } = back.heardOf('update')[0]!;
    expect(update.length).toBeLessThan(120);
  });

  it('N8: takes its time, and what comes meanwhile comes once, and after it', async () => {
    const { known, writer, at } = await missedBy(5);
    await checkpoint();
    server.store.hold('loadKept');
    const seen: string[] = [];
    const { back, again } = await comeBack(known, (doc) => {
      doc.on('update', () => void seen.push(doc.getText('text').toString()));
    });
    expect(back.heardOf('opened')).toEqual([]);
    for (let i = 0; i < 3; i++) {
      writer.insert(at, `meanwhile ${i} `);
      await server.run(100);
    }
    writer.insert(at, 'not durable ');
    server.store.hold('append');
    await server.run(30);
    server.store.release('loadKept');
    await server.run(50);
    expect(again.isSynced).toBe(true);
    expect(again.text).toContain('4 meanwhile 0 meanwhile 1 meanwhile 2 ');
    server.store.release('append');
    await server.run(100);
    writer.insert(at, 'after');
    await server.run(100);
    expect(again.text).toBe(at.text);
    expect(lettersHeard(back)).toBe(at.text.length - before.length);
    expect(seen.length).toBe(back.heardOf('update').length);
  });

  it('N8: ends with the document, in the middle of reading', async () => {
    const { known } = await missedBy(5);
    await checkpoint();
    server.store.hold('loadKept');
    const { back } = await comeBack(known);
    back.say({ type: 'close', document: known.number });
    await server.run(50);
    server.store.release('loadKept');
    await server.run(50);
    expect(back.heardOf('opened')).toEqual([]);
    expect(back.closed).toBeUndefined();
  });

  it('N8: ends with the connection, in the middle of reading', async () => {
    const { known } = await missedBy(5);
    await checkpoint();
    server.store.hold('loadKept');
    const { back } = await comeBack(known);
    back.terminate();
    await server.run(50);
    server.store.release('loadKept');
    await server.run(50);
    expect(back.heardOf('opened')).toEqual([]);
    expect(server.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('N8: who is still being sent what it missed when a checkpoint is made gets the rest, and nothing twice', async () => {
    const { back, again, at } = await overtaken();
    await server.run(200);
    expect(again.text).toBe(at.text);
    expect(lettersHeard(back)).toBe(at.text.length - before.length);
    expect(back.closed).toBeUndefined();
  });

  it('N8: who asks for everything while what it missed is read gets everything', async () => {
    const { back, again, at } = await overtaken();
    server.store.hold('loadKept');
    await server.run(100);
    expect(server.store.waitingFor('loadKept')).toBe(1);
    const heard = back.heard.length;
    back.say({ type: 'request', document: again.number, stateVector: Uint8Array.of(0) });
    await server.run(50);
    server.store.release('loadKept');
    await server.run(200);
    const whole = new Y.Doc();
    for (const message of back.heard.slice(heard))
      if (message.type === 'update') Y.applyUpdate(whole, message.update);
    expect(whole.getText('text').toString()).toBe(at.text);
  });

  /** Somebody who is being sent what it missed, and stuck, while more comes and a checkpoint is made; not stuck any more. */
  async function overtaken(): Promise<{
    back: NativePeer;
    again: PeerDocument;
    at: PeerDocument;
  }> {
    const { known, writer, at } = await missedBy(1);
    const back = await connect();
    back.end.kernelBytes = 0;
    back.end.isReading = false;
    for (let i = 0; i < 3; i++) {
      writer.insert(at, 'much '.repeat(60_000));
      await server.run(100);
    }
    const { epoch, cursor: offset } = known;
    const again = back.open('doc', known.doc, { kind: 'offset', epoch, offset });
    await server.run(50);
    writer.insert(at, 'later ');
    await server.run(100);
    await checkpoint();
    back.end.isReading = true;
    return { back, again, at };
  }

  /** Of all that it was sent: what comes a second time is seen only here. It knows the offset of the first insert. */
  function lettersHeard(peer: NativePeer): number {
    const structs = peer.heardOf('update').flatMap(({ update }) => Y.decodeUpdate(update).structs);
    return structs.reduce((sum, { length }) => sum + length, 0);
  }

  async function checkpoint(): Promise<{ offset: number }> {
    const room = await server.registry.open('doc' as never);
    await server.registry.checkpoint(room);
    expect(room.compaction.offset).toBe(room.progress.head);
    return { offset: room.compaction.offset };
  }

  async function comeBack(
    known: PeerDocument,
    watch: (doc: Y.Doc) => void = () => {},
  ): Promise<{ back: NativePeer; again: PeerDocument }> {
    const back = await connect();
    const { epoch, cursor: offset } = known;
    watch(known.doc);
    const again = back.open('doc', known.doc, { kind: 'offset', epoch, offset });
    await server.run(50);
    return { back, again };
  }
});
