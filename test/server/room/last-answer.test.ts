// What is remembered of the answers to returning clients.

import { expect, it } from 'vitest';
import { LastAnswer } from '../../../server/room/last-answer.js';

const vector = (...entries: [number, number][]): Map<number, number> => new Map(entries);
const parts = [Uint8Array.of(1), Uint8Array.of(2)];

it('is found by an equal state vector, in any order', () => {
  const last = new LastAnswer();
  expect(last.find(vector())).toBeUndefined();
  last.keep(vector([1, 5], [2, 7]), parts);
  expect(last.find(vector([2, 7], [1, 5]))).toEqual(parts);
});

it('is not found by one that knows more, less or something else', () => {
  const last = new LastAnswer();
  last.keep(vector([1, 5], [2, 7]), parts);
  for (const other of [vector([1, 5]), vector([1, 5], [2, 8]), vector([1, 5], [3, 7])])
    expect(last.find(other)).toBeUndefined();
  expect(last.find(vector([1, 5], [2, 7], [3, 1]))).toBeUndefined();
});

it('can be emptied by who gets it without being lost', () => {
  const last = new LastAnswer();
  last.keep(vector([1, 5]), parts);
  last.find(vector([1, 5]))!.length = 0;
  expect(last.find(vector([1, 5]))).toEqual(parts);
});

it('is forgotten', () => {
  const last = new LastAnswer();
  last.keep(vector([1, 5]), parts);
  last.forget();
  expect(last.find(vector([1, 5]))).toBeUndefined();
});
