// Who is here, as stock clients see it through sessions.

import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeAwareness, frameOf } from '../../support/peer.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';

let server: SessionServer;

beforeEach(() => {
  server = createSessionServer({ limits: { softBufferedBytes: 20_000, syncPartBytes: 4_000 } });
});

afterEach(() => server.close());

/** A document that takes a slow reader a while. */
async function seedLarge(): Promise<void> {
  const writer = await server.connected({ path: '/doc', isPresent: false });
  for (let i = 0; i < 40; i++) {
    writer.doc.getMap('map').set(`k${i}`, 'x'.repeat(5_000));
    await server.run(30);
  }
  writer.terminate();
  await server.run(50);
}

describe('presence', () => {
  it('P2: is seen by everybody at once, and gone at once', async () => {
    const [ann, bob] = [await server.connected(), await server.connected()];
    expect(bob.others.size).toBe(1);
    expect(ann.others.size).toBe(1);
    bob.awareness.setLocalStateField('cursor', 3);
    await server.run(20);
    expect(ann.others.get(bob.doc.clientID)).toEqual({ cursor: 3 });
    bob.terminate();
    await server.run(20);
    expect(ann.others.size).toBe(0);
  });

  it("P2: a polite goodbye is one removal, and the client's own", async () => {
    const [ann, bob] = [await server.connected(), await server.connected()];
    bob.close();
    await server.run(50);
    expect(ann.others.size).toBe(0);
    expect(server.sessions.size).toBe(0 + 1);
  });

  it('P1: somebody else’s id is not taken from it', async () => {
    const [ann, bob] = [await server.connected(), await server.connected()];
    const forged = encodeAwareness([{ clientId: ann.doc.clientID, clock: 99, state: { name: 'forged' } }]);
    bob.send(frameOf([1], forged));
    await server.run(50);
    expect(bob.closed).toBeUndefined();
    expect(ann.awareness.getLocalState()).toEqual({});
    const late = await server.connected();
    expect(late.others.get(ann.doc.clientID)).toEqual({});
  });

  it('C3: the id of an announced Awareness is nobody else’s to write under', async () => {
    const victim = await server.connected({ token: 'other' });
    const forger = await server.connected();
    const doc = new Y.Doc();
    doc.clientID = victim.doc.clientID;
    doc.getText('text').insert(0, 'forged');
    forger.update(Y.encodeStateAsUpdate(doc));
    await server.run(11_000, 500);
    expect(forger.closed?.code).toBe(4409);
    victim.insert('mine');
    await server.run(50);
    expect(victim.closed).toBeUndefined();
    expect(victim.text).toBe('mine');
  });

  it('O1: bytes that are no awareness update end their own connection and nobody else’s', async () => {
    const ann = await server.connected();
    const hostile = await server.connected();
    hostile.send(frameOf([1], Uint8Array.of(1, 5)));
    await server.run(50);
    expect(hostile.closed?.code).toBe(4400);
    expect(ann.closed).toBeUndefined();
    expect(ann.others.size).toBe(0);
  });

  it.each([
    ['of 100 KB', { a: 'x'.repeat(100_000) }],
    ['that is a list', ['list']],
    ['that is a text', '"text"'],
    ['that is a number', 7],
    ['that is half of one', '{"a":'],
  ])('P4: a state %s is refused, told once in ten seconds, and edits go on', async (_what, state) => {
    const [ann, odd] = [await server.connected(), await server.connected()];
    const id = odd.doc.clientID;
    const say = (clock: number): void =>
      odd.send(frameOf([1], encodeAwareness([{ clientId: id, clock, state }])));
    for (let clock = 10; clock < 60; clock++) say(clock);
    odd.insert('typed');
    await server.run(50);
    expect(odd.closed).toBeUndefined();
    expect(ann.text).toBe('typed');
    expect(ann.others.get(id)).toEqual({});
    expect(odd.heardOf('denied').map((reason) => Buffer.from(reason).toString())).toEqual([
      expect.stringContaining('AWARENESS_INVALID'),
    ]);
    await server.run(10_000, 500);
    say(100);
    await server.run(50);
    expect(odd.heardOf('denied').length).toBe(2);
    odd.awareness.setLocalStateField('moved', true);
    await server.run(50);
    expect(ann.others.get(id)).toEqual({ moved: true });
  });

  it('P4: an edit that is refused is told although a state was', async () => {
    const reader = await server.connected({ token: 'read' });
    reader.send(frameOf([1], encodeAwareness([{ clientId: 5, clock: 1, state: 7 }])));
    reader.insert('not allowed');
    await server.run(50);
    expect(reader.heardOf('denied').map((reason) => Buffer.from(reason).toString())).toEqual([
      expect.stringContaining('AWARENESS_INVALID'),
      expect.stringContaining('READ_ONLY'),
    ]);
  });

  it('P6: a client that goes live is told of its own entry where it is to count on from there', async () => {
    const ann = await server.connected();
    await server.run(30);
    expect(ann.awareness.meta.get(ann.doc.clientID)?.clock).toBe(1);
  });

  it('is told when asked for', async () => {
    const [ann, bob] = [await server.connected(), await server.connected()];
    const before = bob.heardOf('awareness').length;
    bob.send(Uint8Array.of(3));
    await server.run(20);
    expect(bob.heardOf('awareness').length).toBe(before + 1);
    expect(bob.others.has(ann.doc.clientID)).toBe(true);
  });

  it('P2: two who arrive at the same moment see each other', async () => {
    const [ann, bob] = [server.connect({ greets: false }), server.connect({ greets: false })];
    await server.run(50);
    // Both were greeted; what they say crosses on the way.
    ann.step1();
    ann.announce([ann.doc.clientID]);
    await server.run(20);
    bob.step1();
    bob.announce([bob.doc.clientID]);
    await server.run(50);
    expect([...ann.others.keys()]).toEqual([bob.doc.clientID]);
    expect([...bob.others.keys()]).toEqual([ann.doc.clientID]);
  });

  it('P2: one who comes or goes while a reader is busy with the document is not missed', async () => {
    await seedLarge();
    const [ann, gone] = [await server.connected(), await server.connected()];
    const slow = server.connect({ isPresent: false });
    await slow.end.decided;
    slow.end.kernelBytes = 8_000;
    slow.end.isReading = false;
    await server.run(50);
    gone.terminate();
    const came = await server.connected();
    ann.awareness.setLocalStateField('moved', true);
    await server.run(50);
    slow.end.isReading = true;
    await server.run(100);
    expect(slow.isSynced).toBe(true);
    expect(slow.others.get(ann.doc.clientID)).toEqual({ moved: true });
    expect(slow.others.has(came.doc.clientID)).toBe(true);
    expect(slow.others.has(gone.doc.clientID), 'a ghost').toBe(false);
  });

  it('P2: a reader that fell back to the log is told who came and went meanwhile', async () => {
    const [ann, gone] = [await server.connected(), await server.connected()];
    const slow = await server.connected({ isPresent: false });
    slow.end.kernelBytes = 4_000;
    slow.end.isReading = false;
    for (let i = 0; i < 20; i++) {
      ann.doc.getMap('map').set(`k${i}`, 'x'.repeat(5_000));
      await server.run(30);
    }
    gone.terminate();
    ann.awareness.setLocalStateField('moved', true);
    await server.run(50);
    slow.end.isReading = true;
    await server.run(100);
    expect(slow.doc.getMap('map').size).toBe(20);
    expect(slow.others.get(ann.doc.clientID)).toEqual({ moved: true });
    expect(slow.others.has(gone.doc.clientID), 'a ghost').toBe(false);
  });
});
