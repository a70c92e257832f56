// Who may use a shared connection, as a table.

import { describe, expect, it } from 'vitest';
import {
  membershipTransitions,
  type MembershipEvent,
  type MembershipState,
} from '../../../client/provider/membership.js';

const states = Object.keys(membershipTransitions) as MembershipState[];
const events: readonly MembershipEvent[] = ['gave', 'failed', 'same', 'another', 'retried', 'left'];

const next = (state: MembershipState, event: MembershipEvent): MembershipState =>
  membershipTransitions[state][event] ?? state;

describe('K47: the table of memberships', () => {
  it('K47: only a token that was compared with the connection lets a document in', () => {
    for (const state of states)
      for (const event of events)
        if (next(state, event) === 'in' && state !== 'in') expect([state, event]).toEqual(['told', 'same']);
  });

  it('K47: every state but the last can be left, and nothing comes after that', () => {
    for (const state of states) expect(next(state, 'left')).toBe('out');
    for (const event of events) expect(next('out', event)).toBe('out');
  });

  it('K48: who is asked again is not in meanwhile', () => {
    expect(next('in', 'retried')).toBe('asking');
    for (const event of events) expect(next('asking', event)).not.toBe('in');
  });
});
