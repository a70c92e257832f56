// What every report says in words: the machine, the goals in one line, how to read the figures.

import type { GoalResult, Verdict } from '../goals.js';
import { heddle, heddleNative, type Environment, type Results } from '../results.js';
import { referenceOf } from './comparison.js';
import { formatBytes } from './format.js';

/** Name and value of what is to be known of the machine and the software. */
export function environmentRows(environment: Environment): (readonly [name: string, value: string])[] {
  const { date, cpu, cores, memoryBytes, os, node, version, commit, isPinned } = environment;
  return [
    ['date', formatDate(date)],
    ['machine', `${cpu}, ${cores} core${cores === 1 ? '' : 's'}, ${formatBytes(memoryBytes)} memory`],
    ['system', `${os}, Node ${node}`],
    ['Heddle', commit === undefined ? version : `${version}, commit ${commit}`],
    ['cores', isPinned ? 'one for the server, one for the load' : 'server and load share the cores'],
  ];
}

/** `2026-11-20 21:49 UTC`. */
export function formatDate(date: string): string {
  return `${date.slice(0, 10)} ${date.slice(11, 16)} UTC`;
}

/** `7 met, 1 missed, 3 unknown; with native clients 2 met, 0 missed, 1 unknown`: of the goals they were measured at. */
export function goalTally(goals: readonly GoalResult[]): string {
  const native = goals.flatMap(({ nativeVerdict }) => nativeVerdict ?? []);
  const stock = tally(goals.map(({ verdict }) => verdict));
  return native.length === 0 ? stock : `${stock}; with native clients ${tally(native)}`;
}

function tally(verdicts: readonly Verdict[]): string {
  const count = (verdict: Verdict): number => verdicts.filter((one) => one === verdict).length;
  return `${count('met')} met, ${count('missed')} missed, ${count('unknown')} unknown`;
}

/** `missed, with native clients met`. */
export function verdictText(verdict: Verdict, nativeVerdict: Verdict | undefined): string {
  return nativeVerdict === undefined ? verdict : `${verdict}, with native clients ${nativeVerdict}`;
}

export function runCount(results: Results): number {
  return results.runs.reduce((most, { run }) => Math.max(most, run + 1), 0);
}

/** What a reader must know, one sentence or two per line. */
export function readingNotes(results: Results): string[] {
  const reference = referenceOf(results);
  const runs = runCount(results);
  return [
    ...scaleNotes(results),
    'Trust ratios, not absolute figures: those are this machine’s on that day. Server CPU per piece of work moves least.',
    `A figure is the median of ${runs === 1 ? 'one run' : `${runs} runs`}${runs === 1 ? '' : ', with the smallest and the largest'}; a ratio is a median over that of ${reference}. Targets took turns, each run had a fresh server with an empty store.`,
    'Only deliveries that were verified count; a server that delivered something else than what was sent has failed the run, and the failure is shown.',
    ...nativeNotes(results),
    'The targets do not promise the same: some store nothing, and an acknowledgement means stored on disk only where a target’s line says so.',
    '≥ and ≤ (~ where no way is better): the load or the machine was the limit in at least half of the runs, so the server may be better than that.',
  ];
}

function nativeNotes({ targets }: Results): string[] {
  if (!targets.some(({ name }) => name === heddleNative)) return [];
  return [
    `${heddleNative} is ${heddle} with clients that speak its own protocol, in the same rounds. A goal's verdict is that with stock clients; that with native ones is beside it, where they were measured.`,
  ];
}

/** A run of less than the real time or size, as `--quick` makes it. */
export function isShort({ settings }: Results): boolean {
  return settings.time < 1 || settings.size < 1;
}

function scaleNotes(results: Results): string[] {
  const { settings } = results;
  if (!isShort(results)) return [];
  return [
    `A short run, for a first look and not for quoting: ${settings.time} of the time and ${settings.size} of the size of a real one.`,
  ];
}
