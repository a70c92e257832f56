// Many rooms of two: one who types, one who reads.

import { makeKeystrokeScript } from '../input/keystrokes.js';
import { makePeopleScript } from '../input/people.js';
import type { Measurement } from '../measurement.js';
import { climb } from './ramp.js';
import { scaled } from './scaled.js';
import type { Scenario, ScenarioContext } from './scenario.js';
import { measurementOf } from './typing-figures.js';
import { durations, rampDurations, rampRates } from './typing-scale.js';
import { runTyping, updatesPerWriter } from './typing.js';
import { windowRelay, withStorage } from './passed-over.js';

const fullRooms = 500;
const fullPerS = 2_000;

export const manyRooms: Scenario = {
  id: 'many-rooms',
  title: `${fullRooms} rooms of a writer and a reader, ${fullPerS.toLocaleString('en')} updates/s in total`,
  passesOver: [windowRelay],
  needs: [],
  maxSeconds: 90,
  run: measure,
};

export const manyRoomsRamp: Scenario = {
  id: 'many-rooms-ramp',
  title: `${fullRooms} rooms of a writer and a reader, highest rate`,
  passesOver: [windowRelay, withStorage],
  needs: [],
  maxSeconds: 240,
  run: measureRamp,
};

async function measure(context: ScenarioContext): Promise<Measurement> {
  const { seed, size, time } = context.settings;
  const rooms = scaled(fullRooms, size, 5);
  const perS = scaled(fullPerS, size, 50);
  const load = { perS, ...durations(time, perS, 2) };
  const updates = updatesPerWriter(load, rooms);
  const scripts = Array.from({ length: rooms }, (_, room) =>
    makePeopleScript({ writers: 1, updatesPerWriter: updates, seed: seed + room, baseBytes: 0 }),
  );
  return measurementOf(
    await runTyping(context, { name: 'many-rooms', scripts, readers: 1, sampled: 1, ...load }),
  );
}

function measureRamp(context: ScenarioContext): Promise<Measurement> {
  const { size, time } = context.settings;
  const rooms = scaled(fullRooms, size, 5);
  return climb(context, {
    ...rampRates(size),
    run(perS, index) {
      const load = { perS, ...rampDurations(time, perS) };
      const updates = updatesPerWriter(load, rooms);
      const scripts = Array.from({ length: rooms }, () =>
        makeKeystrokeScript({ writers: 1, updatesPerWriter: updates }),
      );
      return runTyping(context, { name: `many-rooms-${index}`, scripts, readers: 1, sampled: 1, ...load });
    },
  });
}
