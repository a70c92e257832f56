#!/usr/bin/env node
// The `heddle` command: picks the subcommand, turns errors into one line and an exit code.

import { ConfigError, StoreError } from '../errors.js';
import { backupCommand, restoreCommand } from './backup.js';
import { benchCommand } from './bench.js';
import { compactCommand } from './compact.js';
import { docsCommand } from './docs.js';
import { exportCommand } from './export.js';
import { importCommand } from './import.js';
import { serveCommand } from './serve.js';
import { runStoreCommand, type StoreCommand } from './store-options.js';
import { tokenCommand } from './token.js';
import { verifyCommand } from './verify.js';

const storeCommands: Readonly<Record<string, StoreCommand>> = {
  docs: docsCommand,
  verify: verifyCommand,
  compact: compactCommand,
  export: exportCommand,
  import: importCommand,
  backup: backupCommand,
  restore: restoreCommand,
};

const usage = `usage: heddle <command> [options]

  serve      run a server                        heddle serve --help
  token      print a token for clients           heddle token --help
  bench      measure it, and others beside it    heddle bench --help

On the data directory of a server that is stopped:
${Object.values(storeCommands)
  .map((command) => `  ${command.usage.replace(/^heddle /, '')}`)
  .join('\n')}
`;

/** Exit code for a bad invocation or configuration. */
const exitUsage = 2;

async function run(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === 'serve') return serveCommand(rest, process.env);
  if (name === 'token') return print(await tokenCommand(rest, process.env));
  if (name === 'bench') return benchCommand(rest);
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(usage);
    return name === undefined ? exitUsage : 0;
  }
  const command = Object.hasOwn(storeCommands, name) ? storeCommands[name] : undefined;
  if (command === undefined)
    throw new ConfigError(`unknown command ${JSON.stringify(name)}; heddle --help lists them`);
  const { output, exitCode } = await runStoreCommand(command, rest, process.env);
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
