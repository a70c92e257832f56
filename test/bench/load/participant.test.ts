import * as Y from 'yjs';
import { afterEach, describe, expect, test } from 'vitest';
import { makeKeystrokeScript } from '../../../bench/input/keystrokes.js';
import type { Script } from '../../../bench/input/script.js';
import type { Content } from '../../../bench/load/content.js';
import { allDelivered, openMany, eventually, verifyDocuments } from '../../../bench/load/group.js';
import { Ledger } from '../../../bench/load/ledger.js';
import { MissingError } from '../../../bench/load/missing-error.js';
import { Participant } from '../../../bench/load/participant.js';
import { SharedPayloads } from '../../../bench/load/shared-payloads.js';
import { DeliveryError } from '../../../bench/measurement.js';
import { yWebsocket } from '../../../bench/protocol/y-websocket.js';
import { Relay, type RelayOptions } from './relay.js';
import { twoAuthors } from './scripts.js';

const patienceMs = 300;
const talk = yWebsocket.converse('room', 1);
let relay: Relay | undefined;

afterEach(async () => {
  await relay?.stop();
  relay = undefined;
});

interface Room {
  readonly script: Script;
  readonly ledger: Ledger;
  readonly writers: readonly Participant[];
  readonly all: readonly Participant[];
}

/** Three readers and the script's writers, all in one room and sampled. */
async function open(
  options: RelayOptions,
  script = makeKeystrokeScript({ writers: 2, updatesPerWriter: 10 }),
): Promise<Room> {
  relay = await Relay.start(options);
  const ledger = new Ledger(script);
  const common = { ledger, isSampled: true, has: script.base };
  const writers = await openMany(relay.context, 'room', script.writers.length, (i) => ({
    ...common,
    clientId: script.writers[i]!.clientId,
  }));
  const readers = await openMany(relay.context, 'room', 3, () => common);
  const all = [...readers, ...writers];
  await Promise.all(all.map((one) => one.sync()));
  return { script, ledger, writers, all };
}

/** Writers take turns. */
function typeAll({ script, writers }: Room): void {
  const most = Math.max(...script.writers.map(({ updates }) => updates.length));
  for (let i = 0; i < most; i++)
    for (const [w, { updates }] of script.writers.entries()) {
      const update = updates[i];
      if (update !== undefined) writers[w]!.type(update);
    }
}

async function failureOf(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => new Error('nothing failed'),
    (error: Error) => error,
  );
}

/** Whether a message is the keystroke of this writer at this clock. */
function isKeystroke(message: Uint8Array, clientId: number, clock: number): boolean {
  const [content] = yWebsocket.read(message);
  if (content?.kind !== 'update') return false;
  const [struct] = Y.decodeUpdate(content.update).structs;
  return struct?.id.client === clientId && struct.id.clock === clock;
}

/** A y-websocket message of the update in another, changed. */
function changed(message: Buffer, change: (update: Uint8Array) => Uint8Array): Uint8Array {
  const [content] = yWebsocket.read(message);
  if (content?.kind !== 'update') return message;
  return talk.update(change(content.update));
}

describe('participants', () => {
  test('H1 deliveries are counted exactly: to the others, and back to the sender', async () => {
    const room = await open({});
    typeAll(room);
    await allDelivered(room.all);
    await eventually('no echo', () => room.writers.every(({ acknowledged }) => acknowledged === 10));
    expect(room.all.map(({ deliveredOfOthers }) => deliveredOfOthers)).toEqual([20, 20, 20, 10, 10]);
    expect(room.all.map(({ delivered }) => delivered)).toEqual([20, 20, 20, 20, 20]);
    expect(room.ledger.latency.count).toBe(80);
    expect(room.ledger.acknowledgements.count).toBe(20);
    verifyDocuments(room.ledger, room.all);
  });

  test('H1 a relay without echo delivers everything all the same', async () => {
    const room = await open({ isEchoing: false });
    typeAll(room);
    await allDelivered(room.all);
    expect(room.all.map(({ delivered }) => delivered)).toEqual([20, 20, 20, 10, 10]);
    expect(room.writers.map(({ acknowledged }) => acknowledged)).toEqual([0, 0]);
    verifyDocuments(room.ledger, room.all.slice(0, 3));
  });

  test('H1 what comes twice counts once, and is no fault', async () => {
    const room = await open({ pass: (message) => [message, message] });
    typeAll(room);
    await allDelivered(room.all);
    await eventually('not all frames came', () => room.all.every(({ frames }) => frames >= 41));
    expect(room.all.map(({ delivered }) => delivered)).toEqual([20, 20, 20, 20, 20]);
    verifyDocuments(room.ledger, room.all);
  });

  test('H4 updates that come joined are each timed', async () => {
    const held: Uint8Array[] = [];
    const pass = (message: Buffer, index: number): Uint8Array[] => {
      changed(message, (update) => (held.push(Buffer.from(update)), update));
      return index === 19 ? [talk.update(Y.mergeUpdates(held))] : [];
    };
    const room = await open({ pass });
    typeAll(room);
    await allDelivered(room.all);
    expect(room.ledger.latency.count).toBe(80);
    // The answer to the sync request, and one for all updates.
    expect(room.all.map(({ frames }) => frames)).toEqual([2, 2, 2, 2, 2]);
    verifyDocuments(room.ledger, room.all);
  });

  test('H2 typing with deletions ends in the same document everywhere', async () => {
    const room = await open({}, twoAuthors());
    typeAll(room);
    await allDelivered(room.all);
    verifyDocuments(room.ledger, room.all.slice(0, 3));
  });

  test('H2 a document that differs in content alone is caught', async () => {
    const pass = (message: Buffer, index: number): readonly Uint8Array[] => {
      if (index !== 7) return [message];
      const wrong = Buffer.from(message);
      wrong[wrong.length - 2] = 'Q'.charCodeAt(0);
      return [wrong];
    };
    const room = await open({ pass });
    typeAll(room);
    await allDelivered(room.all);
    expect(() => verifyDocuments(room.ledger, room.all)).toThrow(/another content of 'text'/);
  });

  test('H3 a dropped update is caught and named', async () => {
    const room = await open({ pass: (message) => (isKeystroke(message, 1000, 9) ? [] : [message]) });
    typeAll(room);
    const error = await failureOf(allDelivered(room.all, patienceMs));
    expect(error).toBeInstanceOf(MissingError);
    expect(error.message).toMatch(/update 9 of client 1000 \(clocks 9 to 10\) never came, of 10 it sent/);
    expect(() => verifyDocuments(room.ledger, room.all)).toThrow(DeliveryError);
  });

  test('H3 a dropped update that others follow is caught at once', async () => {
    const room = await open({ pass: (message) => (isKeystroke(message, 1000, 2) ? [] : [message]) });
    typeAll(room);
    const error = await failureOf(allDelivered(room.all));
    expect(error).toBeInstanceOf(DeliveryError);
    expect(error.message).toMatch(/clocks 3 to 4 of client 1000 came before 2 to 3/);
  });

  test('H3 a dropped deletion is caught', async () => {
    const script = twoAuthors();
    const deletion = script.writers[0]!.updates.at(-1)!;
    expect([deletion.from === deletion.to, deletion.deleted > 0]).toEqual([true, true]);
    const dropped = talk.update(deletion.update);
    const pass = (message: Buffer): Buffer[] => (message.equals(dropped) ? [] : [message]);
    const room = await open({ pass }, script);
    typeAll(room);
    const error = await failureOf(allDelivered(room.all, patienceMs));
    expect(error.message).toMatch(/client 100 \(deletions\) never came/);
  });

  test("H3 a writer's updates in another order are caught, though nothing is missing in the end", async () => {
    let held: Uint8Array | undefined;
    const pass = (message: Buffer): readonly Uint8Array[] => {
      if (isKeystroke(message, 1000, 4)) held = message;
      if (isKeystroke(message, 1000, 4)) return [];
      return isKeystroke(message, 1000, 5) ? [message, held!] : [message];
    };
    const room = await open({ pass });
    typeAll(room);
    const error = await failureOf(allDelivered(room.all));
    expect(error).toBeInstanceOf(DeliveryError);
    expect(error).not.toBeInstanceOf(MissingError);
    expect(error.message).toMatch(/came before/);
  });

  test('H3 bytes that are no update are caught', async () => {
    const room = await open({ pass: () => [Uint8Array.of(0, 2, 2, 9, 9)] });
    typeAll(room);
    const error = await failureOf(allDelivered(room.all));
    expect(error.message).toMatch(/malformed/);
  });

  test('messages acknowledge the updates they follow, in order, and not the answers to sync requests', async () => {
    const room = await open({ protocol: 'hocuspocus' });
    typeAll(room);
    await allDelivered(room.all);
    await eventually('not acknowledged', () => room.writers.every(({ acknowledged }) => acknowledged === 10));
    expect(room.ledger.acknowledgements.count).toBe(20);
    verifyDocuments(room.ledger, room.all.slice(0, 3));
  });

  test('a server that ends the connection is named with its code', async () => {
    relay = await Relay.start({ connected: (socket) => socket.close(4403, 'not you') });
    const participant = await Participant.open(relay.context, 'room');
    await eventually('still open', () => participant.isClosed);
    expect((await failureOf(participant.sync())).message).toMatch(/4403 not you/);
  });

  test('a server that is not there, or refuses, rejects', async () => {
    relay = await Relay.start();
    const { context } = relay;
    await relay.stop();
    expect((await failureOf(Participant.open(context, 'room'))).message).toMatch(/ECONNREFUSED/);
  });

  test('large messages arrive whole', async () => {
    relay = await Relay.start();
    const participant = await Participant.open(relay.context, 'room', { isSampled: true });
    await participant.sync();
    const ydoc = new Y.Doc();
    ydoc.getText('text').insert(0, 'all work and no play '.repeat(100_000));
    const update = Y.encodeStateAsUpdate(ydoc);
    relay.sendAll(talk.update(update));
    await eventually('it did not come', () => participant.frames === 2);
    expect(participant.bytes).toBeGreaterThan(update.length);
    expect(participant.document().getText('text').length).toBe(2_100_000);
  });

  test('who does not read gets nothing, and all of it later', async () => {
    const room = await open({});
    room.all[0]!.pause();
    typeAll(room);
    await allDelivered(room.all.slice(1));
    expect(room.all[0]!.missing).toBe(20);
    room.all[0]!.resume();
    await allDelivered(room.all);
    verifyDocuments(room.ledger, room.all);
  });
});

test('H3 large answers that differ in one byte, however late, are told apart; equal ones are kept once', async () => {
  relay = await Relay.start({});
  const payloads = new SharedPayloads<readonly Content[]>();
  const readers = await openMany(relay.context, 'room', 3, () => ({ payloads, isSampled: true }));
  const updates = ['a', 'b', 'a'].map((letter) => {
    const ydoc = new Y.Doc();
    ydoc.clientID = 1;
    ydoc.getText('text').insert(0, `${'x'.repeat(150_000)}${letter}${'x'.repeat(50_000)}`);
    return Y.encodeStateAsUpdate(ydoc);
  });
  for (const update of updates) relay.sendAll(talk.update(update));
  await eventually('not everything came', () => readers.every(({ frames }) => frames === updates.length));
  for (const { kept } of readers)
    for (const [i, update] of updates.entries()) expect(Buffer.compare(kept[i]!, update)).toBe(0);
  // One buffer each for what differs, but for what was known no more when it came again.
  expect(new Set(readers.flatMap(({ kept }) => kept)).size).toBeLessThan(9);
});
