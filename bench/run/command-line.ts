// The command that repeats a measurement, for reports that others read.

import { withoutTokens } from '../../server/auth/token-shape.js';
import type { ResolvedOptions } from '../../server/config/resolve-options.js';
import { benchOptions } from './option-table.js';

/** What changes nothing about what is measured. */
const leftOut = new Set(['json', 'html', 'markdown', 'from', 'list']);

/** All flags that count, in the order of the table; the token is not in it. */
export function commandLine(given: ResolvedOptions): string {
  const words = benchOptions
    .filter(({ flag }) => !leftOut.has(flag) && given.source(flag) !== undefined)
    .map(({ flag, type }) => {
      if (type === 'boolean') return `--${given.boolean(flag) === true ? '' : 'no-'}${flag}`;
      return `--${flag} ${flag === 'token' ? '...' : quoted(valueText(given, flag, type))}`;
    });
  return ['heddle bench', ...words].join(' ');
}

function valueText(given: ResolvedOptions, flag: string, type: string): string {
  if (type === 'list') return given.list(flag)?.join(',') ?? '';
  return type === 'string' ? withoutTokens(given.text(flag) ?? '') : String(given.number(flag));
}

/** As a shell takes it. */
function quoted(word: string): string {
  return /^[\w.,:/+@=-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
