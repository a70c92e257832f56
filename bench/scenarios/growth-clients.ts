// What an update costs as a document gathers client ids: every session of every user leaves one behind.

import { setTimeout as sleep } from 'node:timers/promises';
import * as Y from 'yjs';
import { documentOfClients } from '../input/documents.js';
import { makeKeystrokeScript } from '../input/keystrokes.js';
import type { PreparedUpdate, Script } from '../input/script.js';
import { documentOf, verifySame } from '../load/documents.js';
import { allDelivered, closeAll } from '../load/group.js';
import { Ledger } from '../load/ledger.js';
import { Participant } from '../load/participant.js';
import type { Measurement } from '../measurement.js';
import { bringDocument, readOnce } from './bring-document.js';
import { growthOf, type Point } from './growth.js';
import { untilQuiet } from './quiet.js';
import { scaled } from './scaled.js';
import type { Scenario, ScenarioContext } from './scenario.js';
import { stretch } from './stretch.js';
import { allButHeddle, sameForNative } from './passed-over.js';

/** Servers may bound the client ids of a document: this is what ours takes. The writer's own is one of them. */
const most = 100_000;
/** Updates on their way to the reader: the server always has something to do, and is never overrun. */
const inFlight = 16;
const maxUpdatesPerS = 10_000;

export const growthClients: Scenario = {
  id: 'growth-clients',
  title: 'An update as client ids gather: 1, 1,000 and 100,000',
  passesOver: [
    allButHeddle,
    sameForNative('how an update is judged does not depend on how its client speaks'),
  ],
  needs: ['process', 'sync'],
  maxSeconds: 240,
  async run(context): Promise<Measurement> {
    const points: Point[] = [];
    for (const clientIds of [1, 1_000, scaled(most, context.settings.size, 2_000)])
      points.push(await measurePoint(context, clientIds));
    return growthOf(points, { x: 'client ids in the document', y: 'server CPU ms per update' }, 1000);
  },
};

async function measurePoint(context: ScenarioContext, clientIds: number): Promise<Point> {
  const { seed, time } = context.settings;
  const seconds = Math.max(0.3, 3 * time);
  const room = `growth-clients-${clientIds}`;
  const script = scriptOf(clientIds, seed, Math.ceil(seconds * maxUpdatesPerS));
  const ledger = new Ledger(script);
  const author = await bringDocument(context, room, [script.base]);
  context.progress(`a document with ${clientIds} client ids is there`);
  const [writer, reader] = await openPair(context, room, ledger, script);
  try {
    await untilQuiet(context);
    const measured = await stretch(context, () =>
      typeFor(seconds, writer, reader, script.writers[0]!.updates),
    );
    verifySame('the document', documentOf([await readOnce(context, room)]), ledger.document());
    return { x: clientIds, cpuS: measured.cpuS ?? 0, units: ledger.sentCount, limits: measured.limits };
  } finally {
    closeAll([author, writer, reader]);
  }
}

/** Somebody who types into a document to which all others have added something already. */
function scriptOf(clientIds: number, seed: number, updatesPerWriter: number): Script {
  const base = documentOfClients(clientIds - 1, seed);
  const taken = Y.decodeStateVector(Y.encodeStateVectorFromUpdate(base));
  let firstClientId = 1000;
  while (taken.has(firstClientId)) firstClientId++;
  return { base, writers: makeKeystrokeScript({ writers: 1, updatesPerWriter, firstClientId }).writers };
}

/** Both have the document already, as those who come back do. */
async function openPair(
  context: ScenarioContext,
  room: string,
  ledger: Ledger,
  { base, writers }: Script,
): Promise<[writer: Participant, reader: Participant]> {
  const writer = await Participant.open(context, room, { ledger, clientId: writers[0]!.clientId });
  const reader = await Participant.open(context, room, { ledger });
  const stateVector = Y.encodeStateVectorFromUpdate(base);
  await writer.sync(stateVector);
  await reader.sync(stateVector);
  return [writer, reader];
}

/** Types as fast as the reader gets it; ends when it has everything. */
async function typeFor(
  seconds: number,
  writer: Participant,
  reader: Participant,
  updates: readonly PreparedUpdate[],
): Promise<void> {
  const until = performance.now() + seconds * 1000;
  let sent = 0;
  while (performance.now() < until && sent < updates.length) {
    for (; sent < updates.length && sent - reader.delivered < inFlight; sent++) writer.type(updates[sent]!);
    if (reader.fault !== undefined) break;
    await sleep(1);
  }
  await allDelivered([writer, reader]);
}
