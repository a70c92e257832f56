#!/usr/bin/env node
// The `heddle` command: picks the subcommand, turns errors into one line and an exit code. A subcommand is loaded when it
// runs, so that a server starts without the others.

import { ConfigError, StoreError } from '../errors.js';
import type { StoreCommand } from './store-options.js';

const storeCommands: Readonly<Record<string, () => Promise<StoreCommand>>> = {
  docs: async () => (await import('./docs.js')).docsCommand,
  verify: async () => (await import('./verify.js')).verifyCommand,
  compact: async () => (await import('./compact.js')).compactCommand,
  export: async () => (await import('./export.js')).exportCommand,
  import: async () => (await import('./import.js')).importCommand,
  backup: async () => (await import('./backup.js')).backupCommand,
  restore: async () => (await import('./backup.js')).restoreCommand,
};

async function usage(): Promise<string> {
  const commands = await Promise.all(Object.values(storeCommands).map((load) => load()));
  return `usage: heddle <command> [options]

  serve      run a server                        heddle serve --help
  token      print a token for clients           heddle token --help
  bench      measure it, and others beside it    heddle bench --help

On the data directory of a server that is stopped:
${commands.map((command) => `  ${command.usage.replace(/^heddle /, '')}`).join('\n')}
`;
}

/** Exit code for a bad invocation or configuration. */
const exitUsage = 2;

async function run(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === 'serve') {
    const { serveCommand } = await import('./serve.js');
    return serveCommand(rest, process.env);
  }
  if (name === 'token') {
    const { tokenCommand } = await import('./token.js');
    return print(await tokenCommand(rest, process.env));
  }
  if (name === 'bench') {
    const { benchCommand } = await import('../../bench/run/command.js');
    return benchCommand(rest);
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(await usage());
    return name === undefined ? exitUsage : 0;
  }
  const load = Object.hasOwn(storeCommands, name) ? storeCommands[name] : undefined;
  if (load === undefined)
    throw new ConfigError(`unknown command ${JSON.stringify(name)}; heddle --help lists them`);
  const { runStoreCommand } = await import('./store-options.js');
  const { output, exitCode } = await runStoreCommand(await load(), rest, process.env);
  return print(output, exitCode);
}

function print(text: string, exitCode = 0): number {
  if (text !== '') process.stdout.write(`${text}\n`);
  return exitCode;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (error instanceof ConfigError || error instanceof StoreError)
    process.stderr.write(`heddle: ${error.message}\n`);
  else
    process.stderr.write(
      `heddle: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
  process.exitCode = error instanceof ConfigError || error instanceof StoreError ? exitUsage : 1;
}
// A server that has stopped leaves nothing behind that would be worth waiting for.
process.exit();
