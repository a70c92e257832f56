// What a small document costs in memory that is loaded and that nobody edits.

import { emptyUpdate } from '../../server/crdt/state-vector.js';
import { makeKeystrokeScript } from '../input/keystrokes.js';
import type { WriterScript } from '../input/script.js';
import { documentOf, verifySame } from '../load/documents.js';
import { aFewAtATime, eventually } from '../load/group.js';
import { Ledger } from '../load/ledger.js';
import { Participant } from '../load/participant.js';
import { readOnce } from './bring-document.js';
import { closeOpen, openIdle, roomNames } from './idle.js';
import { MemoryReadings } from './settled-memory.js';
import { scaled } from './scaled.js';
import type { Scenario, ScenarioContext } from './scenario.js';
import { withStorage, sameForNative } from './passed-over.js';

const editsPerDocument = 10;
/** The share of a connection is measured in rooms that many share, so that the rooms weigh nothing. */
const perSharedRoom = 100;
/** Until then V8 makes room for young objects, which it does only once. */
const warmRooms = 40;
/** Of the documents, one in so many is read back. */
const readBackEvery = 100;

export const idleDocuments: Scenario = {
  id: 'idle-documents',
  title: '2,000 small documents that are loaded and idle',
  passesOver: [withStorage, sameForNative('what a document takes does not depend on how its clients speak')],
  needs: ['process', 'sync'],
  maxSeconds: 180,
  /** Each document is held open by one connection, whose own share is measured in the same run and taken off. */
  async run(context) {
    const { size } = context.settings;
    const count = scaled(2_000, size, 50);
    const memory = new MemoryReadings(context);
    const warm = await typeDocuments(context, 'small-warm', scaled(500, size, 20));
    const crowd = await openIdle(context, roomNames('warm', scaled(warmRooms, size, 1)), perSharedRoom);
    const first = await memory.next();
    const idle = await openIdle(
      context,
      roomNames('shared', Math.ceil(count / perSharedRoom)),
      perSharedRoom,
    );
    const second = await memory.next();
    const documents = await typeDocuments(context, 'small', count);
    const third = await memory.next();
    await readBack(context, documents);
    closeOpen([...crowd, ...idle, ...[...warm, ...documents].map(({ writer }) => writer)]);
    const perConnection = (second - first) / idle.length;
    return {
      figures: { rssBytesPerDocument: (third - second) / count - perConnection, rssBytes: third },
      ...memory.notes,
    };
  },
};

interface SmallDocument {
  readonly room: string;
  readonly script: WriterScript;
  readonly writer: Participant;
}

/** Documents into each of which somebody types a word, and then nothing. */
async function typeDocuments(
  context: ScenarioContext,
  name: string,
  count: number,
): Promise<SmallDocument[]> {
  const scripts = makeKeystrokeScript({ writers: count, updatesPerWriter: editsPerDocument }).writers;
  const rooms = roomNames(name, count);
  const writers = await aFewAtATime(count, (index) => typeDocument(context, rooms[index]!, scripts[index]!));
  context.progress(`${count} small documents are open`);
  return writers.map((writer, index) => ({ room: rooms[index]!, script: scripts[index]!, writer }));
}

async function typeDocument(
  context: ScenarioContext,
  room: string,
  script: WriterScript,
): Promise<Participant> {
  const ledger = new Ledger({ base: emptyUpdate, writers: [script] });
  const writer = await Participant.open(context, room, { ledger, clientId: script.clientId });
  await writer.sync();
  for (const update of script.updates) writer.type(update);
  if (context.capabilities.has('acknowledgements'))
    await eventually(
      `an edit in ${room} was not acknowledged`,
      () => writer.acknowledged === editsPerDocument,
    );
  return writer;
}

/** Throws DeliveryError when a document is not what was typed. */
async function readBack(context: ScenarioContext, documents: readonly SmallDocument[]): Promise<void> {
  for (const { room, script } of documents.filter((_, index) => index % readBackEvery === 0)) {
    const wanted = documentOf(script.updates.map(({ update }) => update));
    verifySame(`a reader of ${room}`, documentOf([await readOnce(context, room)]), wanted);
  }
}
