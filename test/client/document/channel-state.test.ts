// The table of a document's channel, and what holds whatever happens in whatever order.

import { describe, expect, it } from 'vitest';
import {
  channelTransitions,
  nextChannelState,
  type ChannelEvent,
  type ChannelState,
} from '../../../client/document/channel-state.js';
import { chooseSeed, withSeed } from '../../support/seeded-random.js';

const states = Object.keys(channelTransitions) as ChannelState[];
const events: readonly ChannelEvent[] = ['asked', 'opened', 'lost', 'refused', 'retried'];

describe('N4: the states of a channel', () => {
  it('are open only when asked for and answered, and blocked only when refused', () => {
    const into = (to: ChannelState): string[] =>
      states.flatMap((from) =>
        events
          .filter((event) => from !== to && nextChannelState(from, event) === to)
          .map((event) => `${from} ${event}`),
      );
    expect(into('opening')).toEqual(['closed asked']);
    expect(into('open')).toEqual(['opening opened']);
    expect(into('blocked')).toEqual(['closed refused']);
  });

  it('end in closed wherever they are when the connection is lost', () => {
    for (const state of states) expect(nextChannelState(state, 'lost')).toBe('closed');
  });

  const seed = chooseSeed();
  it(`lead back to open from everywhere (seed ${seed})`, async () => {
    await withSeed(seed, async (random) => {
      for (let run = 0; run < 200; run++) {
        let state: ChannelState = 'closed';
        for (let step = 0; step < 10; step++) state = nextChannelState(state, random.pick(events));
        for (const event of ['lost', 'asked', 'opened'] as const) state = nextChannelState(state, event);
        expect(state).toBe('open');
      }
    });
  });
});
