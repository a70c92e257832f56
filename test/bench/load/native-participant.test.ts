// Participants that speak the native protocol: what they count, that they resume, that several documents share a line, and
// that a server which is wrong is caught.

import * as Y from 'yjs';
import { afterEach, describe, expect, test } from 'vitest';
import { makeKeystrokeScript } from '../../../bench/input/keystrokes.js';
import type { Content } from '../../../bench/load/content.js';
import { allDelivered, openMany, eventually, verifyDocuments } from '../../../bench/load/group.js';
import { Ledger } from '../../../bench/load/ledger.js';
import { Line } from '../../../bench/load/line.js';
import { MissingError } from '../../../bench/load/missing-error.js';
import { Participant } from '../../../bench/load/participant.js';
import { SharedPayloads } from '../../../bench/load/shared-payloads.js';
import { DeliveryError } from '../../../bench/measurement.js';
import { NativeServer, type NativeFault } from './native-server.js';

const patienceMs = 300;
const updatesPerWriter = 10;
let server: NativeServer;

afterEach(() => server.stop());

interface Room {
  readonly ledger: Ledger;
  readonly writers: readonly Participant[];
  readonly all: readonly Participant[];
}

/** Two readers and two writers, all sampled. */
async function open(fault: NativeFault): Promise<Room> {
  server = await NativeServer.start(fault);
  const script = makeKeystrokeScript({ writers: 2, updatesPerWriter });
  const ledger = new Ledger(script);
  const common = { ledger, isSampled: true };
  const writers = await openMany(server.context, 'room', 2, (i) => ({
    ...common,
    clientId: script.writers[i]!.clientId,
  }));
  const all = [...(await openMany(server.context, 'room', 2, () => common)), ...writers];
  await Promise.all(all.map((one) => one.sync()));
  return { ledger, writers, all };
}

/** Frames made beforehand, as the scenarios do; writers take turns. */
function typeAll({ ledger, writers }: Room): void {
  const frames = writers.map((writer, w) =>
    ledger.writers[w]!.script.updates.map((update) => writer.frameOf(update)),
  );
  for (let i = 0; i < updatesPerWriter; i++)
    for (const [w, writer] of writers.entries())
      writer.type(ledger.writers[w]!.script.updates[i]!, frames[w]![i]);
}

async function failureOf(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => new Error('nothing failed'),
    (error: Error) => error,
  );
}

const areAcknowledged = ({ writers }: Room): boolean =>
  writers.every(({ acknowledged }) => acknowledged === updatesPerWriter);

describe('native participants', () => {
  test.each(['none', 'joins'] as const)(
    'H1, H4 deliveries, acknowledgements and documents are exact (%s)',
    async (fault) => {
      const room = await open(fault);
      typeAll(room);
      await allDelivered(room.all);
      await eventually('not acknowledged', () => areAcknowledged(room));
      expect(room.all.map(({ deliveredOfOthers }) => deliveredOfOthers)).toEqual([20, 20, 10, 10]);
      // What is acknowledged counts once, whether it came back too or not.
      expect(room.all.map(({ delivered }) => delivered)).toEqual([20, 20, 20, 20]);
      expect(room.ledger.acknowledgements.count).toBe(20);
      expect(room.ledger.latency.count).toBe(60);
      expect(room.all.every(({ isSettled }) => isSettled)).toBe(true);
      verifyDocuments(room.ledger, room.all);
    },
  );

  test('H3 an update that was acknowledged and sent to nobody is caught and named', async () => {
    const room = await open('loses');
    typeAll(room);
    const error = await failureOf(allDelivered(room.all, patienceMs));
    expect(error).toBeInstanceOf(DeliveryError);
    expect(error.message).toMatch(/came before|never came/);
  });

  test.each([
    ['overstates', /was acknowledged and never sent/],
    ['lacks', /the server lacks what an update depends on/],
  ] as const)('H3 a server that %s is caught', async (fault, words) => {
    const room = await open(fault);
    typeAll(room);
    await eventually('no fault', () => room.writers.some((writer) => writer.fault !== undefined));
    expect(room.writers.map((writer) => writer.fault).join()).toMatch(words);
    const error = await failureOf(allDelivered(room.all, patienceMs));
    expect(error).toBeInstanceOf(DeliveryError);
    expect(error).not.toBeInstanceOf(MissingError);
  });

  test('H3 an update of a document that is not open is caught', async () => {
    const room = await open('strays');
    const stranger = await Participant.open(server.context, 'other');
    await stranger.sync();
    typeAll(room);
    await eventually('no fault', () => stranger.fault !== undefined);
    expect(stranger.fault).toContain('is about 1, which is not open here');
  });

  test.each([
    ['none', true],
    ['forgets', false],
  ] as const)(
    'who returns gets what it missed, by position or by comparing (%s)',
    async (fault, isResumed) => {
      server = await NativeServer.start(fault);
      const author = await Participant.open(server.context, 'room');
      await author.sync();
      const doc = new Y.Doc();
      doc.on('update', (update: Uint8Array) => author.bring(update));
      doc.getText('text').insert(0, 'known');
      await eventually('not acknowledged', () => author.isSettled);
      const [known, position] = [Y.encodeStateAsUpdate(doc), author.position];
      doc.getText('text').insert(0, 'missed, ');
      await eventually('not acknowledged', () => author.isSettled);

      const back = await Participant.open(server.context, 'room', { isSampled: true, has: known });
      await back.sync(Y.encodeStateVectorFromUpdate(known), position);
      expect(back.isResumed).toBe(isResumed);
      expect(back.document().getText('text').toString()).toBe('missed, known');
      // Small frames: two bytes around each.
      expect(back.wireBytes).toBe(back.bytes + 2 * back.frames);
    },
  );

  test('several documents share a line, and each gets its own', async () => {
    server = await NativeServer.start('none');
    const payloads = new SharedPayloads<readonly Content[]>();
    const lines = [0, 1].map(() => new Line(server.context, '', payloads));
    const scripts = makeKeystrokeScript({ writers: 3, updatesPerWriter });
    const rooms = scripts.writers.map((writer, i) => ({
      name: `document-${i}`,
      ledger: new Ledger({ base: scripts.base, writers: [writer] }),
      writer,
    }));
    const all: Participant[] = [];
    for (const { name, ledger, writer } of rooms) {
      // Opened at once: a line that is being opened is not opened again.
      const [reader, author] = await Promise.all([
        Participant.open(server.context, name, { ledger, isSampled: true }, lines[0]),
        Participant.open(server.context, name, { ledger, clientId: writer.clientId }, lines[1]),
      ]);
      await Promise.all([reader, author].map((one) => one.sync()));
      all.push(reader, author);
    }
    for (let i = 0; i < updatesPerWriter; i++)
      for (const [room, { writer }] of rooms.entries()) all[2 * room + 1]!.type(writer.updates[i]!);
    await allDelivered(all);
    await eventually('not acknowledged', () => all.every(({ isSettled }) => isSettled));
    expect(server.socketCount).toBe(2);
    expect(all.map(({ delivered }) => delivered)).toEqual([10, 10, 10, 10, 10, 10]);
    for (const [room, { ledger }] of rooms.entries())
      verifyDocuments(ledger, all.slice(2 * room, 2 * room + 2));
    // The line goes with the first of its documents.
    all[0]!.close();
    await eventually('still open', () => all[2]!.isClosed);
    expect(all[1]!.isClosed).toBe(false);
  });
});
