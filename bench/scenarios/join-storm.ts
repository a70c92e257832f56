// Many clients open one large document at the same moment, as after a restart or at the beginning of a lesson.

import { largeDocument } from '../input/documents.js';
import type { Measurement } from '../measurement.js';
import { bringDocument } from './bring-document.js';
import { scaled } from './scaled.js';
import type { Scenario, ScenarioContext } from './scenario.js';
import { runStorms, stormNotes, warmUpStorms } from './storm.js';

export const joinStorm: Scenario = {
  id: 'join-storm',
  title: '200 clients join a large document at once',
  needs: ['sync'],
  maxSeconds: 120,
  run: measure,
};

async function measure(context: ScenarioContext): Promise<Measurement> {
  const { time, size } = context.settings;
  const document = largeDocument(context.settings).update;
  const author = await bringDocument(context, 'join-storm', [document]);
  const result = await runStorms(context, {
    room: 'join-storm',
    clients: scaled(200, size, 10),
    rounds: scaled(10, time, 1),
    warmUps: warmUpStorms,
    document,
  });
  author.close();
  return { figures: { documentBytes: document.length, ...result.figures }, ...stormNotes(result) };
}
