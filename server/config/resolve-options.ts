// One table, four places: an option means the same as a flag, in the environment and in the config file, and the place
// nearest to the person wins: flag, environment, file, default.

import { readFileSync } from 'node:fs';

import { withoutTokens } from '../auth/token-shape.js';
import { nearest, parseArguments } from './arguments.js';
import { ConfigError } from '../errors.js';
import { jsonFault } from './json-fault.js';
import { configKey, environmentNames, readOptionValue, type OptionSpec, type OptionValue } from './option.js';

export type Environment = Readonly<Record<string, string | undefined>>;

interface Resolved {
  readonly value: OptionValue;
  /** Where it was set, as an operator would name it. */
  readonly source: string;
}

/** The options of a command, after all four places were asked. Flags name them, without dashes. */
export class ResolvedOptions {
  readonly #values: ReadonlyMap<string, Resolved>;
  /** `--help` was among the flags. */
  readonly isHelp: boolean;
  /** The arguments that are not flags, in order. */
  readonly positionals: readonly string[];

  constructor(
    values: ReadonlyMap<string, Resolved>,
    { isHelp, positionals }: { isHelp: boolean; positionals: readonly string[] },
  ) {
    this.#values = values;
    this.isHelp = isHelp;
    this.positionals = positionals;
  }

  /** Where an option was set; undefined if it was not. */
  source(flag: string): string | undefined {
    return this.#values.get(flag)?.source;
  }

  text(flag: string): string | undefined {
    return this.#values.get(flag)?.value as string | undefined;
  }

  number(flag: string): number | undefined {
    return this.#values.get(flag)?.value as number | undefined;
  }

  boolean(flag: string): boolean | undefined {
    return this.#values.get(flag)?.value as boolean | undefined;
  }

  list(flag: string): readonly string[] | undefined {
    return this.#values.get(flag)?.value as readonly string[] | undefined;
  }
}

/**
 * Asks flags, environment and, if the table has a `config` option, the config file. Defaults are left to whoever reads.
 * `maxPositionals` is how many arguments may be no flags. Throws ConfigError.
 */
export function resolveOptions(
  table: readonly OptionSpec[],
  argv: readonly string[],
  env: Environment,
  maxPositionals = 0,
): ResolvedOptions {
  const { values: flags, isHelp, positionals } = parseArguments(argv, table);
  const values = new Map<string, Resolved>();
  if (isHelp) return new ResolvedOptions(values, { isHelp, positionals });
  const extra = positionals[maxPositionals];
  if (extra !== undefined) throw new ConfigError(`unexpected argument ${withoutTokens(extra)}`);
  for (const option of table) {
    const raw = flags.get(option.flag);
    const name =
      raw === undefined ? environmentNames(option).find((name) => (env[name] ?? '') !== '') : undefined;
    const source = name ?? `--${option.flag}`;
    const given = name === undefined ? raw : env[name];
    if (given !== undefined)
      values.set(option.flag, { value: readOptionValue(option, given, source), source });
  }
  const file = values.get('config')?.value;
  if (typeof file === 'string') addFile(values, table, file);
  return new ResolvedOptions(values, { isHelp, positionals });
}

function addFile(values: Map<string, Resolved>, table: readonly OptionSpec[], file: string): void {
  const options = new Map(
    table.filter(({ flag }) => flag !== 'config').map((option) => [configKey(option), option]),
  );
  for (const [key, raw] of Object.entries(readConfigFile(file))) {
    const option = options.get(key);
    if (option === undefined) {
      throw new ConfigError(
        `${file}: unknown key ${JSON.stringify(key)}${nearest(key, [...options.keys()])}`,
      );
    }
    const source = `${key} in ${file}`;
    const value = readOptionValue(option, raw, source);
    if (!values.has(option.flag)) values.set(option.flag, { value, source });
  }
}

function readConfigFile(file: string): object {
  // Some editors begin a file with a mark of its encoding.
  const text = readTextFile(file, 'the config file').replace(/^\ufeff/, '');
  const fault = jsonFault(text);
  if (fault !== undefined) {
    const { line, column, problem } = fault;
    throw new ConfigError(
      `${shownFile(file)} is not valid JSON: ${problem} in line ${line}, column ${column}`,
    );
  }
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  throw new ConfigError(`${shownFile(file)} must hold a JSON object`);
}

/** The text of a file an option names; `-` is standard input. Throws ConfigError that says which file and why it cannot be read. */
export function readTextFile(file: string, what: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new ConfigError(`${what} ${shownFile(file)} cannot be read: ${reasons[code] ?? code}`, { cause });
  }
}

/** What messages call a file that was given as an argument. */
export function shownFile(file: string): string {
  return file === '-' ? 'standard input' : file;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};
