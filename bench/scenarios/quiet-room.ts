// One who types as people do, ten who read: nothing is joined, nothing waits, and what counts is how soon it is there.

import { makePeopleScript } from '../input/people.js';
import type { Measurement } from '../measurement.js';
import type { Scenario, ScenarioContext } from './scenario.js';
import { measurementOf } from './typing-figures.js';
import { durations } from './typing-scale.js';
import { runTyping, updatesPerWriter } from './typing.js';
import { windowRelay, withStorage } from './passed-over.js';

const readers = 10;
const perS = 20;

export const quietRoom: Scenario = {
  id: 'quiet-room',
  title: `one writer, ${readers} readers, ${perS} updates/s`,
  passesOver: [windowRelay, withStorage],
  needs: [],
  maxSeconds: 60,
  run: measure,
};

async function measure(context: ScenarioContext): Promise<Measurement> {
  const { seed, time } = context.settings;
  const load = { perS, ...durations(time, perS, readers + 1) };
  const script = makePeopleScript({ writers: 1, updatesPerWriter: updatesPerWriter(load, 1), seed });
  return measurementOf(
    await runTyping(context, { name: 'quiet-room', scripts: [script], readers, sampled: readers, ...load }),
  );
}
