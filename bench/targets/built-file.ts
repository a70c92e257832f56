// Files of the built package that are run as programs, found through its import map from the sources and compiled alike.

import { createRequire } from 'node:module';
import { TargetUnavailable } from './target.js';

const { resolve } = createRequire(import.meta.url);

/** Throws TargetUnavailable where the package is not built. */
export function builtFile(name: '#heddle-command' | '#bench-peers'): string {
  try {
    return resolve(name);
  } catch (cause) {
    throw new TargetUnavailable('Heddle is not built here: npm run build', { cause });
  }
}
