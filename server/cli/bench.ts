// `heddle bench`: measures this server and its peers. Loaded when asked for, so that a server does not carry it.

/** Resolves with the exit code. Rejects with ConfigError, one clear line. */
export async function benchCommand(argv: readonly string[]): Promise<number> {
  const bench = await import('../../bench/run/command.js');
  return bench.benchCommand(argv);
}
