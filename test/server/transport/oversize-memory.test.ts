// Who had a message that was too large, as the server remembers it.

import { beforeEach, expect, test } from 'vitest';

import { OversizeMemory } from '../../../server/transport/oversize-memory.js';
import type { UpgradeRequest } from '../../../server/transport/transport.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';

let clock: FakeClock;
let memory: OversizeMemory;
let headersRead = 0;

beforeEach(() => {
  clock = createFakeClock();
  memory = new OversizeMemory(clock);
  headersRead = 0;
});

function request(agent: string): UpgradeRequest {
  const header = (name: string): string | undefined => {
    headersRead++;
    return name === 'user-agent' ? agent : undefined;
  };
  return { remoteAddress: '192.0.2.1', path: '/a', query: '', header };
}

test('T18 the second time within a minute a client is told ten seconds late, and each time once', () => {
  const told: (number | undefined)[] = [];
  for (let i = 0; i < 2; i++) {
    memory.note(memory.clientOf(request('a')));
    for (const agent of ['b', 'a', 'a']) told.push(memory.tellAfterMs(request(agent)));
    clock.advance(30_000);
  }
  expect(told).toEqual([undefined, 0, undefined, undefined, 10_000, undefined]);
});

test('T18 who comes back later than after five seconds is not told', () => {
  memory.note(memory.clientOf(request('a')));
  clock.advance(5_001);
  memory.note(memory.clientOf(request('b')));
  expect(memory.tellAfterMs(request('a'))).toBeUndefined();
  expect(memory.tellAfterMs(request('b'))).toBe(0);
});

test('T18 a request is not looked into while nobody is to be told', () => {
  expect(memory.tellAfterMs(request('a'))).toBeUndefined();
  expect(headersRead).toBe(0);
  memory.note(memory.clientOf(request('a')));
  clock.advance(5_001);
  headersRead = 0;
  expect(memory.tellAfterMs(request('a'))).toBeUndefined();
  expect(headersRead).toBe(0);
});
