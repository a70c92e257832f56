// Many clients come back at the same moment to a document that others have gone on with.

import * as prng from 'lib0/prng';
import * as Y from 'yjs';
import { drawClientIds } from '../input/client-ids.js';
import { largeDocument } from '../input/documents.js';
import { sentence, word } from '../input/prose.js';
import { textName } from '../input/text-name.js';
import { documentOf } from '../load/documents.js';
import type { Measurement } from '../measurement.js';
import { bringDocument, bringMore } from './bring-document.js';
import { scaled } from './scaled.js';
import type { Scenario, ScenarioContext } from './scenario.js';
import { runStorms, stormNotes, warmUpStorms, type StormResult } from './storm.js';

const missedUpdates = 20;

export const returnAfterMissing: Scenario = {
  id: 'return',
  title: `200 clients return to a large document, ${missedUpdates} updates behind`,
  needs: ['sync'],
  maxSeconds: 120,
  run: measure,
};

async function measure(context: ScenarioContext): Promise<Measurement> {
  const { seed, time, size } = context.settings;
  const update = largeDocument(context.settings).update;
  const missed = laterUpdates(update, seed);
  const author = await bringDocument(context, 'return', [update]);
  const { position } = author;
  await bringMore(context, 'return', author, { before: [update], updates: missed });
  const document = Y.encodeStateAsUpdate(documentOf([update, ...missed]));
  const result = await runStorms(context, {
    room: 'return',
    clients: scaled(200, size, 10),
    rounds: scaled(10, time, 1),
    warmUps: warmUpStorms,
    known: {
      update,
      stateVector: Y.encodeStateVectorFromUpdate(update),
      ...(position === undefined ? {} : { position }),
    },
    document,
  });
  author.close();
  return measurementOf(result, { missed, document, canResume: position !== undefined });
}

function measurementOf(
  result: StormResult,
  {
    missed,
    document,
    canResume,
  }: { missed: readonly Uint8Array[]; document: Uint8Array; canResume: boolean },
): Measurement {
  const missedBytes = missed.reduce((sum, { length }) => sum + length, 0);
  const { notes = [], ...limits } = stormNotes(result);
  return {
    figures: {
      documentBytes: document.length,
      ...result.figures,
      bytesPerMissed: result.wireBytesPerJoin / missedBytes,
    },
    ...limits,
    notes: [
      `The ${missedUpdates} updates missed are ${missedBytes} bytes.`,
      ...(canResume ? [resumedText(result)] : []),
      ...notes,
    ],
  };
}

function resumedText({ resumed, joins }: StormResult): string {
  if (resumed === joins) return 'Every client was resumed where it stood.';
  return `${resumed} of ${joins} clients were resumed where they stood; the others had to compare.`;
}

/** What somebody new types into a document: words, now and then a sentence, and something deleted. */
function laterUpdates(document: Uint8Array, seed: number): Uint8Array[] {
  const random = prng.create(seed);
  const ydoc = documentOf([document]);
  const updates: Uint8Array[] = [];
  ydoc.clientID = drawClientIds(random, 1, Y.decodeStateVector(Y.encodeStateVector(ydoc)).keys())[0]!;
  ydoc.on('update', (update: Uint8Array) => updates.push(update));
  const text = ydoc.getText(textName);
  for (let i = 0; i < missedUpdates; i++) {
    const at = prng.int31(random, 0, text.length);
    if (i % 5 === 2 && at < text.length) text.delete(at, Math.min(6, text.length - at));
    else text.insert(at, i % 10 === 9 ? sentence(random) : `${word(random)} `);
  }
  return updates;
}
