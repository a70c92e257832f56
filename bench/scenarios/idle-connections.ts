// What a connection that says nothing costs in memory.

import { closeOpen, openIdle, roomNames } from './idle.js';
import { MemoryReadings } from './settled-memory.js';
import { scaled } from './scaled.js';
import type { Scenario } from './scenario.js';
import { windowRelay, withStorage } from './passed-over.js';

const perRoom = 10;

export const idleConnections: Scenario = {
  id: 'idle-connections',
  title: '5,000 idle connections over 500 rooms',
  passesOver: [windowRelay, withStorage],
  needs: ['process'],
  maxSeconds: 150,
  /** The growth after as many again: until then V8 makes room for young objects, which it does only once. */
  async run(context) {
    const { size } = context.settings;
    const memory = new MemoryReadings(context);
    const warm = await openIdle(context, roomNames('idle-warm', scaled(500, size, 5)), perRoom);
    const before = await memory.next();
    const measured = await openIdle(context, roomNames('idle', scaled(500, size, 10)), perRoom);
    const after = await memory.next();
    closeOpen([...warm, ...measured]);
    return {
      figures: { rssBytesPerConnection: (after - before) / measured.length, rssBytes: after },
      ...memory.notes,
    };
  },
};
