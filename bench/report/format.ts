// How figures are written, the same in every report: three significant digits, with a unit.

import { figures, type FigureKey } from '../figures.js';
import type { LeftOut } from '../results.js';
import type { Cell, Remark } from './comparison.js';

/** What stands where there is no figure. */
export const missing = '–';

const multiples: readonly (readonly [at: number, letter: string])[] = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/** `0.0123`, `4.5`, `123`; from a thousand on `12.3 k`, `1.2 M`. */
export function formatNumber(value: number): string {
  const { shown, letter } = scaled(value);
  return letter === '' ? shown : `${shown} ${letter}`;
}

/** A value with its unit: `4.5 ms`, `12.3 kB`, `8.7 M/s`. */
export function formatValue(value: number, figure: FigureKey): string {
  const { unit } = figures[figure];
  const { shown, letter } = scaled(value);
  if (unit === '' || unit === '/s') return `${formatNumber(value)}${unit}`;
  // Letters go with bytes; of other units so many are never measured.
  return unit === 'B' ? `${shown} ${letter}B` : `${plain(value)} ${unit}`;
}

/** The median; with `≥`, `≤` or `~` where the server was not the limit: it would have been better than that. */
export function formatMedian(cell: Cell, figure: FigureKey): string {
  const sign = cell.limit === undefined ? '' : `${limitSigns[figures[figure].better]} `;
  return sign + formatValue(cell.median, figure);
}

export const limitSigns = { higher: '≥', lower: '≤', none: '~' } as const;

/** `2.5 – 2.9 s`: the smallest and the largest of the runs; empty for a single run. */
export function formatSpread(cell: Cell, figure: FigureKey): string {
  return cell.runs === 1 ? '' : `${formatValue(cell.min, figure)} – ${formatValue(cell.max, figure)}`;
}

/** How many times the reference's: `1.9×`. */
export function formatRatio(ratio: number | undefined): string {
  return ratio === undefined ? missing : `${plain(ratio)}×`;
}

export function formatBytes(bytes: number): string {
  const { shown, letter } = scaled(bytes);
  return `${shown} ${letter}B`;
}

/** A figure's name as a heading: `latency, 99 %`. */
export function labelOf(figure: FigureKey): string {
  return figures[figure].label;
}

/** Whose remark it is, and of which runs: `hocuspocus, runs 1 and 3`. */
export function formatSource({ target, runs }: Remark): string {
  return `${target}, run${runs.length === 1 ? '' : 's'} ${listed(runs)}`;
}

/** Who was not measured: `bare and bare-5ms (no documents are kept)`. */
export function formatLeftOut({ targets, why }: LeftOut): string {
  return `${listed(targets)} (${why})`;
}

/** `1, 2 and 3`. */
function listed(words: readonly (string | number)[]): string {
  return words.length < 2 ? String(words[0]) : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** Three significant digits, without an exponent. */
function plain(value: number): string {
  if (value !== 0 && Math.abs(value) < 0.001) return value.toPrecision(2);
  return value.toLocaleString('en-US', {
    maximumSignificantDigits:
      Math.abs(value) >= 100 ? Math.max(3, String(Math.trunc(Math.abs(value))).length) : 3,
  });
}

function scaled(value: number): { shown: string; letter: string } {
  const [at, letter] = multiples.find(([at]) => Math.abs(value) >= at) ?? [1, ''];
  return { shown: (value / at).toLocaleString('en-US', { maximumSignificantDigits: 3 }), letter };
}
