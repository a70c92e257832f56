// How many documents are asked for at once, and in which order the others follow.

import { expect, it } from 'vitest';
import { OpenQuestions } from '../../../client/connection/open-questions.js';

interface Document {
  readonly name: string;
}

const documents = (count: number): Document[] =>
  Array.from({ length: count }, (_, at) => ({ name: `${at}` }));

/** Asks for all of them, and for those who follow as soon as they may. Each tells so many bytes. */
function asking(all: readonly Document[], bytes: number) {
  const questions = new OpenQuestions<Document>();
  /** Names by the numbers of what is asked and not answered. */
  const asked = new Map<number, string>();
  const order: string[] = [];
  const ask = (document: Document): void => {
    const ref = questions.ask(document, bytes);
    if (ref === undefined) return;
    asked.set(ref, document.name);
    order.push(document.name);
  };
  for (const document of all) ask(document);
  const answer = (): void => {
    const [ref] = asked.keys();
    asked.delete(ref!);
    for (const next of questions.answered(ref!).next) ask(next);
  };
  return { questions, asked, order, answer };
}

it.each([
  ['a hundred', 10, 100],
  ['256 KB', 64 * 1024, 4],
  ['one that is larger', 1024 * 1024, 1],
])('K45: %s are asked for at once, and the others follow the answers in order', (_what, bytes, most) => {
  const all = documents(250);
  const { asked, order, answer } = asking(all, bytes);
  expect(asked.size).toBe(most);
  for (let answers = 0; answers < 250; answers++) {
    expect(asked.size).toBe(Math.min(most, 250 - answers));
    answer();
  }
  expect(new Set(order).size).toBe(250);
  if (most === 100) expect(order).toEqual(all.map(({ name }) => name));
});

it('K45: one that was let go of before there was room is not asked for', () => {
  const all = documents(103);
  const { questions, asked, order, answer } = asking(all, 0);
  questions.letGo(all[101]!);
  while (asked.size > 0) answer();
  expect(order.length).toBe(102);
  expect(order).not.toContain('101');
});
