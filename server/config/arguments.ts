// Flags of a command and its help text, both from the table of its options. Knows no option by name.

import { parseArgs } from 'node:util';

import { withoutTokens } from '../auth/token-shape.js';
import { configKey, environmentNames, type OptionSpec } from './option.js';
import { ConfigError } from '../errors.js';

/** What was given on the command line, not yet read as values: text, lists of texts, and booleans. */
export interface Arguments {
  readonly values: ReadonlyMap<string, string | readonly string[] | boolean>;
  readonly isHelp: boolean;
  /** What is not a flag, in order. */
  readonly positionals: readonly string[];
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];
type OptionToken = Extract<Token, { kind: 'option' }>;

/**
 * Parses flags, strictly, and what stands between them. The last of several flags wins, except that a list collects them.
 * Throws ConfigError for a flag that is not in the table, and for a missing value.
 */
export function parseArguments(argv: readonly string[], table: readonly OptionSpec[]): Arguments {
  const options = Object.fromEntries(
    table.map(({ flag, type }) => [flag, { type: type === 'boolean' ? 'boolean' : 'string' } as const]),
  );
  // Not its strict mode: the messages are ours to write.
  const { tokens } = parseArgs({
    args: [...argv],
    options: { ...options, help: { type: 'boolean', short: 'h' } },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values = new Map<string, string | readonly string[] | boolean>();
  const positionals: string[] = [];
  // Help must not depend on the rest being right.
  if (asksForHelp(argv)) return { values, positionals, isHelp: true };
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    else if (token.kind === 'option') addFlag(values, token, table);
  }
  return { values, positionals, isHelp: false };
}

/** Whether the arguments ask for help. */
export function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).some(
    (argument) => argument === '--help' || argument === '-h',
  );
}

function addFlag(
  values: Map<string, string | readonly string[] | boolean>,
  token: OptionToken,
  table: readonly OptionSpec[],
): void {
  const option = table.find(({ flag }) => flag === token.name);
  const negated = table.find(({ flag, type }) => type === 'boolean' && `no-${flag}` === token.name);
  if (option === undefined && negated !== undefined && token.value === undefined)
    values.set(negated.flag, false);
  else if (option === undefined) {
    const hint = nearest(
      token.name,
      table.map(({ flag }) => flag),
      '--',
    );
    throw new ConfigError(`unknown option ${withoutTokens(token.rawName)}${hint}`);
  } else if (option.type === 'boolean') values.set(option.flag, token.value ?? true);
  else {
    const value = textOf(token);
    const before = values.get(option.flag);
    values.set(
      option.flag,
      option.type === 'list' ? [...(Array.isArray(before) ? before : []), value] : value,
    );
  }
}

function textOf({ value, rawName, inlineValue }: OptionToken): string {
  if (value === undefined) throw new ConfigError(`${rawName} needs a value`);
  if (!inlineValue && value.startsWith('-') && value !== '-') {
    throw new ConfigError(`${rawName} needs a value; one that begins with a dash is written ${rawName}=...`);
  }
  return value;
}

/** Words to end an error with: the known name that was probably meant, or nothing. */
export function nearest(name: string, known: readonly string[], prefix = ''): string {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  // Only names near in length are compared, so that a long one costs nothing.
  for (const candidate of known.filter(({ length }) => Math.abs(length - name.length) < least)) {
    const distance = editDistance(name, candidate);
    if (distance < least) [least, best] = [distance, candidate];
  }
  return best === undefined ? '' : `; did you mean ${prefix}${best}?`;
}

function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let index = 0; index < one.length; index += 1) {
    const next = [index + 1];
    for (let at = 1; at <= other.length; at += 1) {
      const changed = (row[at - 1] ?? 0) + (one[index] === other[at - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[at] ?? 0) + 1, (next[at - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

const helpWidth = 110;
const flagColumn = 34;

/** The help text of a command: every option of the table, by group, with its environment variables and default. */
export function helpText(usage: string, table: readonly OptionSpec[], notes: readonly string[] = []): string {
  const lines = [`Usage: ${usage}`];
  for (const group of new Set(table.map((option) => option.group))) {
    lines.push('', group);
    for (const option of table.filter((option) => option.group === group)) lines.push(...helpLines(option));
  }
  return [...lines, '', ...notes, ''].join('\n');
}

function helpLines(option: OptionSpec): string[] {
  const isOnByDefault = option.type === 'boolean' && option.default === true;
  const value =
    option.type === 'boolean' ? '' : ` <${option.placeholder ?? option.choices?.join('|') ?? option.type}>`;
  const flag = `  --${isOnByDefault ? 'no-' : ''}${option.flag}${value}`;
  const start = flag.length < flagColumn ? flag.padEnd(flagColumn) : `${flag}\n${' '.repeat(flagColumn)}`;
  const usual =
    option.default === undefined || option.type === 'boolean' ? '' : ` (default ${option.default})`;
  const names = environmentNames(option).join(', ');
  const text = `${option.description}${usual}${names === '' ? '' : ` [${names}]`}`;
  const [first = '', ...rest] = wrap(text, helpWidth - flagColumn);
  return [start + first, ...rest.map((line) => ' '.repeat(flagColumn) + line)];
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Where else an option can be set, for the end of a help text. */
export function configNote(example: OptionSpec): string {
  return `In a config file (JSON) an option has the name of its flag in camelCase: ${configKey(example)} for --${example.flag}.`;
}
