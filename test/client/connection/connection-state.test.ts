// The connection's states: every event in every state.

import { describe, expect, it } from 'vitest';
import {
  transition,
  type ConnectionEvent,
  type ConnectionState,
} from '../../../client/connection/connection-state.js';

const states: readonly ConnectionState[] = [
  'idle',
  'asking',
  'opening',
  'greeting',
  'open',
  'waiting',
  'blocked',
];
const events: readonly ConnectionEvent[] = [
  'wanted',
  'unwanted',
  'given',
  'opened',
  'welcomed',
  'lost',
  'refused',
  'due',
  'nudged',
  'renewed',
  'moved',
];

/** All that is not here changes nothing. */
const changes: Readonly<Record<string, readonly [ConnectionState, ...string[]]>> = {
  'idle wanted': ['asking', 'ask-for-token'],
  'asking unwanted': ['idle'],
  'asking given': ['opening', 'open-socket'],
  'asking lost': ['waiting', 'wait'],
  'asking refused': ['blocked'],
  'asking renewed': ['opening', 'open-socket'],
  'opening unwanted': ['idle', 'close-socket'],
  'opening opened': ['greeting', 'say-hello'],
  'opening lost': ['waiting', 'close-socket', 'wait'],
  'opening refused': ['blocked', 'close-socket'],
  'greeting unwanted': ['idle', 'close-socket'],
  'greeting welcomed': ['open'],
  'greeting lost': ['waiting', 'close-socket', 'wait'],
  'greeting refused': ['blocked', 'close-socket'],
  'greeting renewed': ['opening', 'close-socket', 'open-socket'],
  'open unwanted': ['idle', 'close-socket'],
  'open lost': ['waiting', 'close-socket', 'wait'],
  'open refused': ['blocked', 'close-socket'],
  'open renewed': ['open', 'say-token'],
  'open moved': ['open', 'change-socket'],
  'waiting wanted': ['asking', 'stop-waiting', 'ask-for-token'],
  'waiting unwanted': ['idle', 'stop-waiting'],
  'waiting due': ['asking', 'ask-for-token'],
  'waiting nudged': ['asking', 'stop-waiting', 'ask-for-token'],
  'waiting renewed': ['opening', 'stop-waiting', 'open-socket'],
  'blocked wanted': ['asking', 'ask-for-token'],
  'blocked unwanted': ['idle'],
  'blocked renewed': ['opening', 'open-socket'],
};

describe.each(states)('%s', (state) => {
  it.each(events)('%s', (event) => {
    const [next, ...effects] = changes[`${state} ${event}`] ?? [state];
    expect(transition(state, event)).toEqual({ state: next, effects });
  });
});

it('K9: a new token is taken in every state in which somebody wants the connection', () => {
  for (const state of states) {
    if (state === 'idle') continue;
    // In `opening` the token is said by the `hello` to come.
    const { effects } = transition(state, 'renewed');
    const takes = effects.includes('open-socket') || effects.includes('say-token');
    expect(takes || transition(state, 'opened').effects.includes('say-hello'), state).toBe(true);
  }
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
