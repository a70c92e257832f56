// Other versions of Node, from npm: each is one package with the executable in it.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What README promises, by major version. Pinned, so that a run says the same as the one before it. */
export const nodeVersions = { 20: '20.20.2', 22: '22.23.5', 24: '24.22.3', 26: '26.12.1' } as const;
export type NodeMajor = keyof typeof nodeVersions;
export const nodeMajors = Object.keys(nodeVersions).map(Number) as NodeMajor[];

const running = Number(process.versions.node.split('.')[0]);
const cache = process.env['HEDDLE_NODE_CACHE'] ?? join(homedir(), '.cache/heddle-test-node');

/** Paths of the executables; that of the running major version is the running one. Throws when one cannot be fetched. */
export function fetchNodes(): Readonly<Record<NodeMajor, string>> {
  const platform = `${process.platform}-${process.arch}`;
  const folderOf = (major: NodeMajor): string => join(cache, `node_modules/node-${nodeVersions[major]}`);
  const executable = (major: NodeMajor): string =>
    major === running ? process.execPath : join(folderOf(major), 'bin/node');
  const missing = nodeMajors.filter((major) => !existsSync(executable(major)));
  if (missing.length > 0) {
    mkdirSync(cache, { recursive: true });
    const wanted = nodeMajors
      .filter((major) => major !== running)
      .map((major) => `node-${nodeVersions[major]}@npm:node-${platform}@${nodeVersions[major]}`);
    npm(process.execPath, cache, ['install', '--no-save', '--ignore-scripts', ...wanted]);
  }
  return Object.fromEntries(nodeMajors.map((major) => [major, executable(major)])) as Record<
    NodeMajor,
    string
  >;
}

/** Runs npm by the given Node in a folder. Returns what it said. Throws with that when it fails. */
export function npm(node: string, folder: string, args: readonly string[]): string {
  const home = execFileSync('npm', ['root', '-g'], { encoding: 'utf8' }).trim();
  const line = [join(home, 'npm/bin/npm-cli.js'), ...args, '--no-audit', '--no-fund', '--prefix', folder];
  try {
    // A warning goes to the error output, of which execFileSync returns nothing.
    return execFileSync('sh', ['-c', '"$0" "$@" 2>&1', node, ...line], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 120_000,
    });
  } catch (error) {
    const { stdout, message } = error as Error & { stdout?: string };
    throw new Error(`npm ${args.join(' ')}: ${stdout ?? ''}${message}`, { cause: error });
  }
}
