// Updates kept behind each other.

import { expect, it } from 'vitest';
import { UpdateTail } from '../../../server/room/update-tail.js';
import { SeededRandom } from '../../support/seeded-random.js';

it('gives back what was put in, in any stretch, whatever the sizes', () => {
  const random = new SeededRandom(7);
  const updates = Array.from({ length: 2_000 }, (_, i) => {
    const size = i % 97 === 0 ? 20_000 + i : i % 13 === 0 ? 0 : 1 + (i % 60);
    return Uint8Array.from({ length: size }, () => random.int(256));
  });
  const tail = new UpdateTail(updates);
  expect(tail.length).toBe(updates.length);
  expect(tail.bytes).toBe(updates.reduce((sum, { length }) => sum + length, 0));
  for (let i = 0; i < 50; i++) {
    const from = random.int(updates.length);
    const to = from + random.int(updates.length - from + 1);
    // Byte by byte: comparing arrays of arrays takes many times as long.
    const equal = tail.slice(from, to).every((view, k) => Buffer.compare(view, updates[from + k]!) === 0);
    expect(equal).toBe(true);
    expect(tail.slice(from, to).length).toBe(to - from);
  }
  expect(tail.slice(5, 5)).toEqual([]);
  for (const [from, to] of [
    [0, 0],
    [0, 1],
    [3, 98],
    [97, 1_999],
    [0, 2_000],
    [2_000, 2_000],
  ] as const)
    expect([...tail.sizes(from, to)]).toEqual(updates.slice(from, to).map(({ length }) => length));
  for (const maxBytes of [0, 1, 100, 30_000]) {
    const taken = tail.take(5, 300, maxBytes);
    const bytes = taken.reduce((sum, { length }) => sum + length, 0);
    expect(taken).toEqual(updates.slice(5, 5 + taken.length));
    expect(taken.length === 1 || bytes <= maxBytes).toBe(true);
    expect(bytes + updates[5 + taken.length]!.length).toBeGreaterThan(maxBytes);
  }
});

it('keeps nothing of the array it was given', () => {
  const update = Uint8Array.of(1, 2, 3);
  const tail = new UpdateTail();
  tail.push(update);
  update.fill(9);
  expect(tail.slice(0, 1)).toEqual([Uint8Array.of(1, 2, 3)]);
});

it('needs little more than the bytes', () => {
  const tail = new UpdateTail(Array.from({ length: 10_000 }, () => new Uint8Array(30)));
  const kept = new Set(tail.slice(0, tail.length).map(({ buffer }) => buffer));
  const bytes = [...kept].reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(bytes).toBeLessThan(tail.bytes * 1.1);
});
