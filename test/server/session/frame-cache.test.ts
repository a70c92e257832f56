// Frames that are made once for many.

import { beforeEach, expect, it, vi } from 'vitest';
import { BoundedDeflation } from '../../../server/session/bounded-deflation.js';
import { FrameCache } from '../../../server/session/frame-cache.js';
import { promptDeflation } from '../../support/prompt-deflation.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';

const large = 20 * 1024;
const encode = vi.fn<(payload: Uint8Array) => Uint8Array>((payload: Uint8Array) =>
  Uint8Array.of(1, ...payload),
);
let clock: FakeClock;
let cache: FrameCache;

beforeEach(() => {
  encode.mockClear();
  clock = createFakeClock();
  cache = new FrameCache(clock, new BoundedDeflation(promptDeflation));
});

it('makes the frame of a large payload once', () => {
  const payload = new Uint8Array(large).fill(7);
  const frame = cache.frame(encode, payload);
  expect(frame).toEqual(Uint8Array.of(1, ...payload));
  expect(cache.frame(encode, payload) === frame).toBe(true);
  expect(encode).toHaveBeenCalledTimes(1);
});

it('tells payloads and encodings apart', () => {
  const [one, other] = [new Uint8Array(large), new Uint8Array(large)];
  const copy = (payload: Uint8Array): Uint8Array => payload.slice();
  expect(cache.frame(encode, one) === cache.frame(encode, other)).toBe(false);
  expect(cache.frame(copy, one)).toEqual(one);
  expect(encode).toHaveBeenCalledTimes(2);
});

it('makes small ones each time', () => {
  const payload = new Uint8Array(100);
  expect(cache.frame(encode, payload) === cache.frame(encode, payload)).toBe(false);
});

it('O2: keeps them for a second, and not more than 4 MB', () => {
  const payloads = Array.from({ length: 5 }, () => new Uint8Array(1024 * 1024));
  const copy = vi.fn<(payload: Uint8Array) => Uint8Array>((payload) => payload.slice());
  const calls = (payload: Uint8Array): number => {
    cache.frame(copy, payload);
    return copy.mock.calls.length;
  };
  for (const payload of payloads) calls(payload);
  expect(calls(payloads[4]!)).toBe(5);
  expect(calls(payloads[0]!)).toBe(6);
  clock.advance(1_000);
  expect(calls(payloads[0]!)).toBe(7);
  const huge = new Uint8Array(5 * 1024 * 1024);
  expect([calls(huge), calls(huge)]).toEqual([8, 9]);
});
