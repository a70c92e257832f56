// A server starts again, and a client that waits for it opens a large document.

import { setTimeout as sleep } from 'node:timers/promises';
import { largeDocument } from '../input/documents.js';
import { documentOf, verifySame } from '../load/documents.js';
import { Participant } from '../load/participant.js';
import type { Measurement } from '../measurement.js';
import { summary } from '../statistics.js';
import { bringDocument, isSame } from './bring-document.js';
import { untilQuiet } from './quiet.js';
import { scaled } from './scaled.js';
import type { Scenario, ScenarioContext } from './scenario.js';

const room = 'cold-start';
const retryMs = 3;
const patienceMs = 10_000;
/** Some servers store when things have been quiet for a few seconds. */
const storingMs = 3_000;

export const coldStart: Scenario = {
  id: 'cold-start',
  title: 'From start to the first client that has a large document',
  needs: ['sync', 'storage', 'restart'],
  maxSeconds: 120,
  run: measure,
};

async function measure(context: ScenarioContext): Promise<Measurement> {
  const { time } = context.settings;
  const document = largeDocument(context.settings).update;
  const author = await bringDocument(context, room, [document]);
  author.close();
  await sleep(storingMs);
  await untilQuiet(context);
  const starts: number[] = [];
  for (let round = 0; round < scaled(5, time, 1); round++) {
    starts.push(await startOnce(context, document));
    context.progress(`the document was there after ${Math.round(starts.at(-1)!)} ms`);
  }
  return {
    figures: { documentBytes: document.length, coldStartMs: summary(starts).median },
    notes: [`The median of ${starts.length} starts.`],
  };
}

/** Milliseconds from starting the server until a client holds the document. */
async function startOnce(context: ScenarioContext, document: Uint8Array): Promise<number> {
  await context.halt();
  const startedAt = performance.now();
  const endpoint = await context.resume();
  const reader = await openSoon({ ...context, endpoint }, startedAt + patienceMs);
  try {
    await reader.sync();
    return (await untilWhole(reader, document, startedAt + patienceMs)) - startedAt;
  } finally {
    reader.close();
  }
}

/** Connects as soon as the server listens. */
async function openSoon(context: ScenarioContext, until: number): Promise<Participant> {
  for (;;) {
    try {
      return await Participant.open(context, room, { isSampled: true });
    } catch (error) {
      if (performance.now() > until) throw error;
      await sleep(retryMs);
    }
  }
}

/** When the reader got the last of the document. Some servers answer first and bring the document afterwards. */
async function untilWhole(reader: Participant, document: Uint8Array, until: number): Promise<number> {
  const wanted = documentOf([document]);
  let cameAt = performance.now();
  let { bytes } = reader;
  while (!isSame(reader.document(), wanted)) {
    while (reader.bytes === bytes && performance.now() < until) await sleep(1);
    if (performance.now() > until)
      verifySame(`${patienceMs} ms after the start, a client`, reader.document(), wanted);
    cameAt = performance.now();
    ({ bytes } = reader);
  }
  return cameAt;
}
