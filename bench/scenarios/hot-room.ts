// Everybody in one room: fifty who type, fifty who read.

import { makeKeystrokeScript } from '../input/keystrokes.js';
import { makePeopleScript } from '../input/people.js';
import type { Measurement } from '../measurement.js';
import { climb } from './ramp.js';
import { scaled } from './scaled.js';
import type { Scenario, ScenarioContext } from './scenario.js';
import { durations, rampDurations, rampRates } from './typing-scale.js';
import { measurementOf } from './typing-figures.js';
import { runTyping, updatesPerWriter } from './typing.js';
import { withStorage } from './passed-over.js';

const half = 50;

export const hotRoom500 = hotRoom(500);
export const hotRoom2000 = hotRoom(2_000);

export const hotRoomRamp: Scenario = {
  id: 'hot-room-ramp',
  title: `${half} writers x ${half} readers in one room, highest rate`,
  passesOver: [withStorage],
  needs: [],
  maxSeconds: 180,
  run: measureRamp,
};

function hotRoom(perS: number): Scenario {
  return {
    id: `hot-room-${perS}`,
    passesOver: perS > 500 ? [withStorage] : [],
    title: `${half} writers x ${half} readers in one room, ${perS.toLocaleString('en')} updates/s`,
    needs: [],
    maxSeconds: 60,
    run: (context) => measure(context, perS),
  };
}

async function measure(context: ScenarioContext, fullPerS: number): Promise<Measurement> {
  const { seed, size, time } = context.settings;
  const people = scaled(half, size, 3);
  const perS = scaled(fullPerS, size, 50);
  const load = { perS, ...durations(time, perS, 2 * people) };
  const script = makePeopleScript({
    writers: people,
    updatesPerWriter: updatesPerWriter(load, people),
    seed,
  });
  const name = `hot-room-${fullPerS}`;
  return measurementOf(
    await runTyping(context, { name, scripts: [script], readers: people, sampled: 10, ...load }),
  );
}

function measureRamp(context: ScenarioContext): Promise<Measurement> {
  const { size, time } = context.settings;
  const people = scaled(half, size, 3);
  return climb(context, {
    ...rampRates(size),
    run(perS, index) {
      const load = { perS, ...rampDurations(time, perS) };
      const script = makeKeystrokeScript({
        writers: people,
        updatesPerWriter: updatesPerWriter(load, people),
      });
      const name = `hot-room-ramp-${index}`;
      return runTyping(context, { name, scripts: [script], readers: people, sampled: 4, ...load });
    },
  });
}
