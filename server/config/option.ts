// One option of a command: what it is called in each place it can be set, and how its text becomes a value.

import { withoutTokens } from '../auth/token-shape.js';
import { ConfigError } from '../errors.js';

/** Durations and sizes are numbers once read. */
export type OptionValue = string | number | boolean | readonly string[];

export interface OptionSpec {
  /** Without dashes. In a config file the same in camelCase. A boolean that is on by default is shown as `--no-...`. */
  readonly flag: string;
  /** Environment variables, the first that is set and not empty counts. None: `HEDDLE_` and the flag. */
  readonly env?: readonly string[];
  readonly type: 'string' | 'number' | 'boolean' | 'list' | 'duration' | 'bytes';
  readonly description: string;
  readonly group: string;
  /** What a value stands for in the help text, and its default there. */
  readonly placeholder?: string;
  readonly default?: string | number | boolean;
  /** The only values it takes. */
  readonly choices?: readonly string[];
  /** Bounds of a number, duration or size. Default: 0 to 2^53 - 1. */
  readonly min?: number;
  readonly max?: number;
  /** What a duration without a unit counts, and is read as. Default 'ms'. */
  readonly unit?: 'ms' | 's';
  /** A list whose entries may hold commas: only a repeated flag makes several. */
  readonly isWhole?: boolean;
}

/** The option's name in a config file. */
export function configKey(option: OptionSpec): string {
  return option.flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The environment variables an option is read from, in order. */
export function environmentNames(option: OptionSpec): readonly string[] {
  return option.env ?? [`HEDDLE_${option.flag.toUpperCase().replaceAll('-', '_')}`];
}

/**
 * Reads a value: text from a flag or the environment, or what JSON holds in a config file. `source` names the place in
 * the ConfigError thrown for what does not fit.
 */
export function readOptionValue(option: OptionSpec, raw: unknown, source: string): OptionValue {
  switch (option.type) {
    case 'string':
      return readText(option, raw, source);
    case 'list':
      return readList(option, raw, source);
    case 'boolean':
      return readBoolean(raw, source);
    default:
      return readNumber(option, raw, source);
  }
}

function readText(option: OptionSpec, raw: unknown, source: string): string {
  if (typeof raw !== 'string') throw new ConfigError(`${source} must be text`);
  if (option.choices !== undefined && !option.choices.includes(raw)) {
    throw new ConfigError(`${source} must be ${option.choices.join(' or ')}, not ${shown(raw)}`);
  }
  if (raw === '') throw new ConfigError(`${source} must not be empty`);
  return raw;
}

function readList(option: OptionSpec, raw: unknown, source: string): readonly string[] {
  const entries = Array.isArray(raw) ? raw : [raw];
  if (!entries.every((entry) => typeof entry === 'string'))
    throw new ConfigError(`${source} must be a list of texts`);
  const split = option.isWhole === true ? entries : entries.flatMap((entry) => entry.split(','));
  const list = split.map((entry) => entry.trim()).filter((entry) => entry !== '');
  if (list.length === 0) throw new ConfigError(`${source} must not be empty`);
  return list;
}

const yes = ['true', '1', 'yes', 'on'];
const no = ['false', '0', 'no', 'off'];

function readBoolean(raw: unknown, source: string): boolean {
  if (typeof raw === 'boolean') return raw;
  if (typeof raw === 'string' && yes.includes(raw.toLowerCase())) return true;
  if (typeof raw === 'string' && no.includes(raw.toLowerCase())) return false;
  throw new ConfigError(`${source} must be true or false, not ${shown(raw)}`);
}

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const byteUnits: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const wanted = {
  number: 'a whole number',
  duration: 'a duration such as 500ms, 10s or 5m',
  bytes: 'a size such as 512KB or 16MB',
};

function readNumber(option: OptionSpec, raw: unknown, source: string): number {
  const type = option.type as keyof typeof wanted;
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = option;
  const value =
    typeof raw === 'number' ? raw : typeof raw === 'string' ? parseNumber(option, raw.trim()) : Number.NaN;
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  const range = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `from ${min} to ${max}`;
  throw new ConfigError(`${source} must be ${wanted[type]}, ${range}, not ${shown(raw)}`);
}

function parseNumber(option: OptionSpec, text: string): number {
  const match = /^(\d{1,16}(?:\.\d{1,9})?) ?([a-z]*)$/i.exec(text);
  if (match === null) return Number.NaN;
  const [, digits = '', unit = ''] = match;
  const count = Number(digits);
  if (unit === '') return count;
  if (option.type === 'duration') {
    return (count * (durationUnits[unit.toLowerCase()] ?? Number.NaN)) / (option.unit === 's' ? 1000 : 1);
  }
  // KB, KiB and k are all 1024: nobody who sets a limit means another.
  const letter = /^(?:b|([kmg])(?:i?b)?)$/i.exec(unit);
  return option.type === 'bytes' && letter !== null
    ? count * (byteUnits[(letter[1] ?? 'b').toLowerCase()] ?? Number.NaN)
    : Number.NaN;
}

/** A value in an error message: short, one line, and no token that went astray. */
function shown(raw: unknown): string {
  const text = withoutTokens(JSON.stringify(raw) ?? 'nothing');
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
