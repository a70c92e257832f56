// The relay's table: what is written in words above it holds in every row.

import { describe, expect, it } from 'vitest';
import { relayTable, type RelayEvent, type RelayState } from '../../../server/room/relay-state.js';

const rows = (Object.keys(relayTable) as RelayState[]).flatMap((state) =>
  (Object.keys(relayTable[state]) as RelayEvent[]).map((event) => ({
    from: state,
    event,
    ...relayTable[state][event],
  })),
);

describe('the table of the relay', () => {
  it('R5: the timer runs in queueing and in no other state', () => {
    for (const { from, state, effects, event } of rows) {
      let isRunning = from === 'queueing';
      // The timer has fired.
      if (event.startsWith('due')) isRunning = false;
      for (const effect of effects) {
        if (effect === 'start-timer' || effect === 'start-long-timer') {
          expect(isRunning, `${from} ${event} starts a second timer`).toBe(false);
          isRunning = true;
        } else if (effect === 'stop-timer') isRunning = false;
      }
      expect(isRunning, `${from} ${event}`).toBe(state === 'queueing');
    }
  });

  it('R1: nothing is sent past what is queued, and whatever is accepted is sent or queued', () => {
    for (const { from, event, effects } of rows) {
      const isAccepted = event === 'edit' || event === 'close-edit' || event === 'offer';
      const fates = effects.filter((effect) => effect === 'send' || effect === 'queue');
      expect(fates.length, `${from} ${event}`).toBe(isAccepted ? 1 : 0);
      if (from === 'queueing' || event === 'offer') expect(effects).not.toContain('send');
    }
  });
});
