// The reader's table: what is written in words above it holds on every path.

import { describe, expect, it } from 'vitest';
import { readerTable, type ReaderEvent, type ReaderState } from '../../../server/session/reader-state.js';

const states = Object.keys(readerTable) as ReaderState[];
const events = Object.keys(readerTable.new) as ReaderEvent[];
const rows = states.flatMap((from) => events.map((event) => ({ from, event, ...readerTable[from][event] })));

describe('the table of the reader', () => {
  it.each([
    ['watching', 'join-watchers', 'leave-watchers'],
    ['live', 'join-live', 'leave-live'],
  ] as const)('R7: a reader is subscribed in %s and in no other state', (state, join, leave) => {
    for (const row of rows) {
      const comes = row.from !== state && row.state === state;
      const goes = row.from === state && row.state !== state;
      expect(row.effects.includes(join), `${row.from} ${row.event}`).toBe(comes);
      expect(row.effects.includes(leave), `${row.from} ${row.event}`).toBe(goes);
    }
  });

  it('R7: every request is answered: at once, or after the answer that is under way', () => {
    for (const { from, event, state, effects } of rows) {
      if (event !== 'asked' || from === 'closed') continue;
      expect(state, from).toBe('answering');
      expect(effects.filter((effect) => effect === 'begin-answer' || effect === 'keep-request').length).toBe(
        1,
      );
    }
  });

  it('C4: who leaves the live stream goes on from the log or from an answer, and comes back to it', () => {
    for (const { from, event, state, effects } of rows) {
      if (from !== 'live' || state === 'live' || event === 'closed') continue;
      expect(effects.some((effect) => effect === 'continue-from-log' || effect === 'begin-answer')).toBe(
        true,
      );
    }
    for (const start of states) {
      if (start === 'closed') continue;
      const reached = new Set<ReaderState>([start]);
      for (const state of reached) for (const event of events) reached.add(readerTable[state][event].state);
      expect(reached.has('live'), start).toBe(true);
    }
  });

  it('R7: nothing comes after closed', () => {
    for (const { from, state, effects } of rows)
      if (from === 'closed') expect([state, effects]).toEqual(['closed', []]);
  });
});
