// What nobody catches, as window.onerror sees it in a page. The runner would count it as a failure of its own.

import { onTestFinished } from 'vitest';

/** All that is thrown and caught by nobody until the test ends, in order. */
export function collectUncaught(): unknown[] {
  const others = process.listeners('uncaughtException');
  const uncaught: unknown[] = [];
  const collect = (error: unknown): void => void uncaught.push(error);
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', collect);
  onTestFinished(() => {
    process.off('uncaughtException', collect);
    for (const other of others) process.on('uncaughtException', other);
  });
  return uncaught;
}
