// Updates kept behind each other.

import { expect, it } from 'vitest';
import { UpdateTail } from '../../../server/room/update-tail.js';
import { SeededRandom } from '../../support/seeded-random.js';

/** Compared much faster than arrays of bytes are. */
function textsOf(updates: readonly Uint8Array[]): string[] {
  return updates.map((update) => Buffer.from(update).toString('latin1'));
}

it('gives back what was put in, in any stretch, whatever the sizes', () => {
  const random = new SeededRandom(7);
  const updates = Array.from({ length: 2_000 }, (_, i) => {
    const size = i % 97 === 0 ? 20_000 + i : i % 13 === 0 ? 0 : 1 + (i % 60);
    return Uint8Array.from({ length: size }, () => random.int(256));
  });
  const tail = new UpdateTail(updates);
  expect(tail.length).toBe(updates.length);
  expect(tail.bytes).toBe(updates.reduce((sum, { length }) => sum + length, 0));
  const texts = textsOf(updates);
  expect(textsOf(tail.slice(0, updates.length))).toEqual(texts);
  for (let i = 0; i < 50; i++) {
    const from = random.int(updates.length);
    const to = from + random.int(updates.length - from + 1);
    expect(textsOf(tail.slice(from, to))).toEqual(texts.slice(from, to));
  }
  expect(tail.slice(5, 5)).toEqual([]);
  for (const to of [0, 1, 98, 1_999, 2_000])
    expect([...tail.sizes(to)]).toEqual(updates.slice(0, to).map(({ length }) => length));
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
