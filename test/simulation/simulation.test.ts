// Many small worlds, one seed each. HEDDLE_SEED replays one and prints all that happened in it; HEDDLE_SIM_SEEDS says how many
// worlds there are, HEDDLE_SIM_FROM which is the first: 'random', or a number. Seeds that once failed are kept in seeds.json.
// Without HEDDLE_SIM_FROM the worlds are the same each time, so that a change is judged by what it changes; new worlds are looked
// for by command.

import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { play, replay, report, shrink } from './play.js';

const given = process.env['HEDDLE_SEED'] ?? '';
const count = Number(process.env['HEDDLE_SIM_SEEDS'] ?? 1_000);
const first = process.env['HEDDLE_SIM_FROM'] ?? '402000';
const from = first === 'random' ? Math.floor(Math.random() * 0x7fffffff) : Number(first);
/** Goes on after a failure, and writes what was found into this file. */
const listing = process.env['HEDDLE_SIM_LIST'];
const kept = JSON.parse(readFileSync(new URL('seeds.json', import.meta.url), 'utf8')) as number[];

/** A disk that forgets what it has acknowledged: every world with an honest writer finds that out. */
const lying = { forgets: true };

test('E1: a seed plays the same each time', { timeout: 60_000 }, async () => {
  const [one, other] = [await play(7), await play(7)];
  expect(other.events).toEqual(one.events);
  expect(one.events.length).toBeGreaterThan(20);
  expect((await play(8)).events).not.toEqual(one.events);
});

test(
  'E2: a failure names its seed and what happened, without what does not matter',
  { timeout: 120_000 },
  async () => {
    const failed = await play(7, lying);
    const rule = failed.violation?.rule ?? '';
    const skip = await shrink(7, rule, failed.steps, lying);
    const shrunk = await play(7, { ...lying, skip });
    expect(shrunk.violation?.rule).toBe(rule);
    expect(skip.size).toBeGreaterThan(failed.steps / 2);
    expect(report(shrunk, 20)).toContain(`seed 7 (replay with HEDDLE_SEED=7): ${rule}: `);
    expect(report(shrunk, 20)).toContain(`BROKEN ${rule}`);
  },
);

test('E5: what the model holds the server to can fail', { timeout: 60_000 }, async () => {
  const found = new Set<string>();
  for (let seed = 1; seed <= 5; seed++) {
    const { violation } = await play(seed, lying);
    if (violation !== undefined) found.add(violation.rule);
  }
  expect(found).toContain('D1');
});

test(
  'E5: what nobody catches is a failure of the world that it is thrown in',
  { timeout: 60_000 },
  async () => {
    const playing = play(8);
    queueMicrotask(() => {
      throw new Error('thrown and not caught');
    });
    expect((await playing).violation?.message).toContain('thrown and not caught');
    expect((await play(8)).violation).toBeUndefined();
  },
);

test('E4: worlds that once failed', { timeout: 0 }, async () => {
  for (const seed of given === '' ? kept : []) {
    const played = await play(seed);
    if (played.violation !== undefined) throw new Error(report(played, 60));
  }
});

test(
  `E3: ${given === '' ? `${count} worlds from seed ${from} on` : `seed ${given}`}`,
  { timeout: 0 },
  async () => {
    if (given !== '') return replay(Number(given));
    const began = performance.now();
    const found = new Map<string, string[]>();
    for (let seed = from; seed < from + count; seed++) {
      const played = await play(seed);
      if (played.violation === undefined) continue;
      if (listing === undefined) throw new Error(report(played, 60));
      const { rule, message } = played.violation;
      found.set(rule, [...(found.get(rule) ?? []), `${seed} ${message.slice(0, 250)}`]);
    }
    console.info(`${count} worlds in ${Math.round(performance.now() - began)} ms`);
    const lines = [...found].flatMap(([rule, of]) => [`${rule}: ${of.length}`, ...of]);
    if (listing !== undefined) writeFileSync(listing, `${lines.join('\n')}\n`);
    expect([...found.keys()]).toEqual([]);
  },
);
