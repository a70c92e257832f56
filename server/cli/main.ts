#!/usr/bin/env node
// The `heddle` command: picks the subcommand, turns errors into one line and an exit code. A subcommand is loaded when it
// runs, so that a server starts without the others.

import { createRequire } from 'node:module';
import { nearest } from '../config/arguments.js';
import { ConfigError, exitCodeOf, exitCodes, StoreError } from '../errors.js';
import { Output, ReaderGoneError } from './output.js';
import type { StoreCommand } from './store-options.js';

const storeCommands: Readonly<Record<string, () => Promise<StoreCommand>>> = {
  docs: async () => (await import('./docs.js')).docsCommand,
  verify: async () => (await import('./verify.js')).verifyCommand,
  compact: async () => (await import('./compact.js')).compactCommand,
  export: async () => (await import('./export.js')).exportCommand,
  import: async () => (await import('./import.js')).importCommand,
  'import-from': async () => (await import('./import-from.js')).importFromCommand,
  backup: async () => (await import('./backup.js')).backupCommand,
  restore: async () => (await import('./backup.js')).restoreCommand,
};

const otherCommands: Readonly<Record<string, (argv: readonly string[]) => Promise<number>>> = {
  serve: async (argv) => (await import('./serve.js')).serveCommand(argv, process.env, print),
  token: async (argv) => {
    const { tokenCommand } = await import('./token.js');
    await print(await tokenCommand(argv, process.env));
    return 0;
  },
  users: async (argv) => {
    const { usersCommand } = await import('./users.js');
    await print(await usersCommand(argv, process.env));
    return 0;
  },
  bench: async (argv) => (await import('../../bench/run/command.js')).benchCommand(argv, print),
};

const output = new Output(process.stdout, 'standard output');
const errors = new Output(process.stderr, 'standard error');
const print = (text: string): Promise<void> => output.line(text);

async function usage(): Promise<string> {
  const commands = await Promise.all(Object.values(storeCommands).map((load) => load()));
  return `usage: heddle <command> [options]

  serve      run a server                        heddle serve --help
  token      print a token for clients           heddle token --help
  users      refresh, revoke, list devices       heddle users --help
  bench      measure it, and others beside it    heddle bench --help

On the data directory of a server that is stopped:
${commands.map((command) => `  ${command.usage.replace(/^heddle /, '')}`).join('\n')}

A <file> may be - for standard input or output. heddle --version tells the version.`;
}

function version(): string {
  const { version } = createRequire(import.meta.url)('heddle/package.json') as { version: string };
  return version;
}

/** Resolves with the exit code. */
async function run([name, ...rest]: readonly string[]): Promise<number> {
  const other = name !== undefined && Object.hasOwn(otherCommands, name) ? otherCommands[name] : undefined;
  if (other !== undefined) return other(rest);
  const load = name !== undefined && Object.hasOwn(storeCommands, name) ? storeCommands[name] : undefined;
  if (load !== undefined) {
    const { runStoreCommand } = await import('./store-options.js');
    return runStoreCommand(await load(), rest, process.env, { output, errors, input: process.stdin });
  }
  if (name === 'help' && rest[0] !== undefined) return run([rest[0], '--help']);
  if (name === undefined || ['help', '--help', '-h'].includes(name)) {
    await print(await usage());
    return name === undefined ? exitCodes.usage : 0;
  }
  if (!['version', '--version', '-v'].includes(name)) throw new ConfigError(unknown(name));
  await print(version());
  return 0;
}

function unknown(name: string): string {
  const what = name.startsWith('-') ? 'option' : 'command';
  const known =
    what === 'option'
      ? ['--help', '--version']
      : ['help', 'version', ...Object.keys(otherCommands), ...Object.keys(storeCommands)];
  return `unknown ${what} ${JSON.stringify(name)}${nearest(name, known)}; heddle --help lists all`;
}

async function tell(error: unknown): Promise<void> {
  if (error instanceof ReaderGoneError) return;
  const isExpected = error instanceof ConfigError || error instanceof StoreError;
  const text = error instanceof Error && !isExpected ? (error.stack ?? error.message) : String(error);
  await errors.line(`heddle: ${isExpected ? error.message : text}`);
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  process.exitCode = error instanceof ReaderGoneError ? exitCodes.readerGone : exitCodeOf(error);
  // Where nobody can be told, the exit code is left.
  await tell(error).catch(() => undefined);
}
await Promise.all([output.drained(), errors.drained()]);
// A server that has stopped leaves nothing behind that would be worth waiting for.
process.exit();
