// The connection's states: every event in every state.

import { describe, expect, it } from 'vitest';
import {
  transition,
  type ConnectionEvent,
  type ConnectionState,
} from '../../../client/connection/connection-state.js';

const states: readonly ConnectionState[] = ['idle', 'opening', 'greeting', 'open', 'waiting', 'blocked'];
const events: readonly ConnectionEvent[] = [
  'wanted',
  'unwanted',
  'opened',
  'welcomed',
  'lost',
  'refused',
  'due',
  'nudged',
  'renewed',
];

/** All that is not here changes nothing. */
const changes: Readonly<Record<string, readonly [ConnectionState, ...string[]]>> = {
  'idle wanted': ['opening', 'open-socket'],
  'opening unwanted': ['idle', 'close-socket'],
  'opening opened': ['greeting', 'say-hello'],
  'opening lost': ['waiting', 'close-socket', 'wait'],
  'opening refused': ['blocked', 'close-socket'],
  'greeting unwanted': ['idle', 'close-socket'],
  'greeting welcomed': ['open'],
  'greeting lost': ['waiting', 'close-socket', 'wait'],
  'greeting refused': ['blocked', 'close-socket'],
  'open unwanted': ['idle', 'close-socket'],
  'open lost': ['waiting', 'close-socket', 'wait'],
  'open refused': ['blocked', 'close-socket'],
  'waiting wanted': ['opening', 'stop-waiting', 'open-socket'],
  'waiting unwanted': ['idle', 'stop-waiting'],
  'waiting due': ['opening', 'open-socket'],
  'waiting nudged': ['opening', 'stop-waiting', 'open-socket'],
  'waiting renewed': ['opening', 'stop-waiting', 'open-socket'],
  'blocked wanted': ['opening', 'open-socket'],
  'blocked unwanted': ['idle'],
  'blocked renewed': ['opening', 'open-socket'],
};

describe.each(states)('%s', (state) => {
  it.each(events)('%s', (event) => {
    const [next, ...effects] = changes[`${state} ${event}`] ?? [state];
    expect(transition(state, event)).toEqual({ state: next, effects });
  });
});

it('a socket is open in just the states that can lose one', () => {
  let opened = 0;
  for (const state of states) {
    for (const event of events) {
      const { state: next, effects } = transition(state, event);
      const hasSocket = (one: ConnectionState): boolean => ['opening', 'greeting', 'open'].includes(one);
      const change = Number(effects.includes('open-socket')) - Number(effects.includes('close-socket'));
      expect(Number(hasSocket(next)) - Number(hasSocket(state)), `${state} ${event}`).toBe(change);
      opened += Number(effects.includes('open-socket'));
    }
  }
  expect(opened).toBeGreaterThan(0);
});
