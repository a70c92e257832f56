// Updates whose dependencies are missing: held, asked for, and given up in time.

import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ByteBudget } from '../../../server/session/byte-budget.js';
import { HeldUpdates, type Offered } from '../../../server/session/held-updates.js';
import type { Acceptance } from '../../../server/room/intake.js';
import { SyncError } from '../../../shared/errors.js';
import { defaultLimits } from '../../../shared/limits.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import type { MemoryPeer } from '../../support/memory-peer.js';
import { editor } from '../../support/room-watch.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import { pass } from '../../support/turns.js';

const live = (update: Uint8Array): Offered => ({ update, isEdit: true, seq: 0 });

describe('HeldUpdates', () => {
  const taken: Acceptance = {
    outcome: 'new',
    isIncomplete: false,
    isForeign: false,
    isOwned: false,
    isLeftOut: false,
  };
  const incomplete: Acceptance = { ...taken, outcome: 'blocked', isIncomplete: true };
  let clock: FakeClock;
  let errors: SyncError[];
  /** Bytes of each update that was left when it was given up last. */
  let left: number[];
  let offered: number[];
  let answer: (first: number) => Acceptance | Promise<Acceptance>;
  let held: HeldUpdates;

  beforeEach(() => {
    clock = createFakeClock();
    errors = [];
    left = [];
    offered = [];
    answer = () => incomplete;
    held = new HeldUpdates({
      clock,
      limits: defaultLimits,
      budget: new ByteBudget(1_000),
      offer({ update }) {
        offered.push(update[0]!);
        return answer(update[0]!);
      },
      giveUp(error, updates) {
        errors.push(error);
        left = updates.map(({ length }) => length);
      },
    });
  });

  it('are tried again in order, and kept in order', async () => {
    for (const first of [1, 2, 3, 4]) held.hold(live(Uint8Array.of(first)), incomplete);
    answer = (first) => (first % 2 === 0 ? taken : incomplete);
    await held.retry();
    await held.retry();
    expect(offered).toEqual([1, 2, 3, 4, 1, 3]);
    answer = () => taken;
    await held.retry();
    expect(held.isEmpty).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('O2: are bounded in bytes and in number, and room comes back', async () => {
    held.hold(live(new Uint8Array(900)), incomplete);
    held.hold(live(new Uint8Array(200)), incomplete);
    expect(errors.map(({ code }) => code)).toEqual(['UPDATE_INCOMPLETE']);
    expect(left).toEqual([900, 200]);
    expect([held.isEmpty, clock.pending]).toEqual([true, 0]);
    held.hold(live(new Uint8Array(900)), incomplete);
    answer = () => taken;
    await held.retry();
    held.hold(live(new Uint8Array(900)), incomplete);
    held.close();
    for (let i = 0; i < 1_000; i++) held.hold(live(new Uint8Array(0)), incomplete);
    held.hold(live(new Uint8Array(0)), { isForeign: true, isOwned: false });
    expect(errors.map(({ code }) => code)).toEqual(['UPDATE_INCOMPLETE', 'CLIENT_ID_TAKEN']);
    expect(left).toHaveLength(1_001);
  });

  it('are given up after 10 s, counted anew once there was nothing to hold', async () => {
    held.hold(live(Uint8Array.of(1)), incomplete);
    await pass(clock, 9_000, 500);
    answer = () => taken;
    await pass(clock, 500);
    expect(held.isEmpty).toBe(true);
    answer = () => incomplete;
    held.hold(live(Uint8Array.of(2)), incomplete);
    await pass(clock, 9_500, 500);
    expect(errors).toEqual([]);
    await pass(clock, 1_000, 500);
    expect(errors.map(({ code }) => code)).toEqual(['UPDATE_INCOMPLETE']);
    expect([held.isEmpty, clock.pending]).toEqual([true, 0]);
  });

  it('what turns out to be invalid when it is tried again ends it', async () => {
    held.hold(live(Uint8Array.of(1)), incomplete);
    answer = () => {
      throw new SyncError('UPDATE_INVALID', 'after all');
    };
    await pass(clock, 500);
    expect(errors.map(({ code }) => code)).toEqual(['UPDATE_INVALID']);
    expect(clock.pending).toBe(0);
  });

  it('two tries at once leave nothing behind without a time limit', async () => {
    const answers: ((acceptance: Acceptance) => void)[] = [];
    answer = () =>
      new Promise((resolve) => {
        answers.push(resolve);
      });
    held.hold(live(Uint8Array.of(1)), incomplete);
    const first = held.retry();
    const second = held.retry();
    answers[0]!(incomplete);
    await Promise.all([first, second]);
    answer = () => incomplete;
    await pass(clock, 11_000, 500);
    expect(errors.map(({ code }) => code)).toEqual(['UPDATE_INCOMPLETE']);
  });
});

describe('a session', () => {
  let server: SessionServer;

  beforeEach(() => {
    server = createSessionServer({ limits: { maxHeldBytes: 10_000 } });
  });

  afterEach(() => server.close());

  /** Who has the first token writes; a client with the second one goes on under the same client id, until it is given up. */
  async function forge(of: string, by = 'write'): Promise<{ victim: MemoryPeer; client: MemoryPeer }> {
    const victim = await server.connected({ token: of });
    victim.insert('mine');
    const client = await server.connected({ token: by });
    const forger = new Y.Doc();
    Y.applyUpdate(forger, Y.encodeStateAsUpdate(victim.doc));
    forger.clientID = victim.doc.clientID;
    forger.getText('text').insert(0, 'forged ');
    client.update(Y.encodeStateAsUpdate(forger, Y.encodeStateVector(victim.doc)));
    await server.run(10_600, 100);
    return { victim, client };
  }

  it('C2: asks for what is missing, once, and takes all when it comes', async () => {
    const observer = await server.connected();
    const { doc, edit } = editor(5);
    const missing = edit('a');
    const client = await server.connected({ doc: new Y.Doc() });
    client.update(edit('b'));
    client.update(edit('c'));
    await server.run(100);
    expect(client.heardOf('step1').length).toBe(2);
    expect(observer.text).toBe('');
    expect(server.store.batches).toEqual([]);
    // What the server asked for.
    client.step2(Y.encodeStateAsUpdate(doc, client.heardOf('step1')[1]));
    await server.run(100);
    expect(observer.text).toBe('abc');
    expect(client.closed).toBeUndefined();
    expect(missing.length).toBeGreaterThan(0);
    const again = await server.connected();
    expect(again.text).toBe('abc');
  });

  it('C2: takes it as soon as the answer is there', async () => {
    const { edit } = editor(5);
    const [first, second] = [edit('a'), edit('b')];
    const client = await server.connected();
    client.update(second);
    await server.run(20);
    client.step2(first);
    await server.run(50);
    expect(client.text).toBe('ab');
  });

  it('C2: takes it too when somebody else brings what is missing', async () => {
    const { edit } = editor(5);
    const [first, second] = [edit('a'), edit('b')];
    const [client, other] = [
      await server.connected({ token: 'other' }),
      await server.connected({ token: 'other' }),
    ];
    client.update(second);
    await server.run(3_000, 100);
    other.update(first);
    await server.run(1_000, 100);
    expect(client.text).toBe('ab');
    expect(client.closed).toBeUndefined();
  });

  it('D1: a held update is acknowledged like any other, once it is taken', async () => {
    const { edit } = editor(5);
    const [first, second] = [edit('a'), edit('b')];
    const client = await server.connected();
    client.update(second);
    await server.run(1_000, 100);
    expect(client.heardOf('update')).toEqual([]);
    client.update(first);
    await server.run(1_000, 100);
    const heard = client.heardOf('update');
    expect(heard.some((update) => Buffer.compare(update, first) === 0)).toBe(true);
    expect(heard.some((update) => Buffer.compare(update, second) === 0)).toBe(true);
    expect(client.text).toBe('ab');
  });

  it('C9: says after 10 s that nobody has what is missing, and stays', async () => {
    const { edit } = editor(5);
    edit('missing');
    const client = await server.connected();
    client.update(edit('later'));
    await server.run(9_400, 100);
    expect(client.heardOf('denied')).toEqual([]);
    await server.run(700, 100);
    expect(client.heardOf('denied')).toHaveLength(1);
    await server.run(60_000, 500);
    expect(client.heardOf('denied')).toHaveLength(1);
    expect(client.closed).toBeUndefined();
  });

  it('C9: asks again when somebody has brought it, and takes all', async () => {
    const { doc, edit } = editor(5);
    const missing = edit('a');
    const client = await server.connected({ doc: new Y.Doc() });
    client.update(edit('b'));
    await server.run(11_000, 100);
    const asked = client.heardOf('step1').length;
    // What else waits is neither asked for nor held any more.
    client.update(edit('c'));
    await server.run(11_000, 100);
    expect(client.heardOf('step1')).toHaveLength(asked);
    const author = await server.connected();
    author.step2(missing);
    await server.run(600, 100);
    expect(client.heardOf('step1')).toHaveLength(asked + 1);
    client.step2(Y.encodeStateAsUpdate(doc));
    await server.run(100);
    expect(author.text).toBe('abc');
    expect(client.closed).toBeUndefined();
  });

  it('C9: goes on taking what does not depend on it', async () => {
    const { edit } = editor(5);
    edit('missing');
    const observer = await server.connected();
    const client = await server.connected();
    client.update(edit('later'));
    await server.run(30_000, 500);
    client.insert('goes on');
    await server.run(100);
    expect(observer.text).toBe('goes on');
  });

  it('C3: gives up on a foreign client id with a code that says not to', async () => {
    const { victim, client } = await forge('other');
    expect(client.closed?.code).toBe(4409);
    expect(victim.text).toBe('mine');
  });

  it('C7: of an id that nobody known owns it is worth to come again: its connection may end', async () => {
    server.bearers.byToken.set('nobody', { access: 'write' });
    const { client } = await forge('nobody', 'nobody');
    expect(client.closed?.code).toBe(4509);
  });

  it('O2, C9: too much is not held, and asked for when it can be taken', async () => {
    const { doc, edit } = editor(5);
    const missing = edit('missing');
    const client = await server.connected();
    client.update(edit('x'.repeat(6_000)));
    client.update(edit('x'.repeat(6_000)));
    await server.run(50);
    expect(client.heardOf('denied')).toHaveLength(1);
    const asked = client.heardOf('step1').length;
    const author = await server.connected();
    author.step2(missing);
    await server.run(600, 100);
    expect(client.heardOf('step1')).toHaveLength(asked + 1);
    client.step2(Y.encodeStateAsUpdate(doc));
    await server.run(100);
    expect(author.text.length).toBe(12_007);
  });
});
