// A line for people once a second, while something is measured.

import type { ScenarioContext } from './scenario.js';

const everyMs = 1_000;

/** Runs `work`, telling `line()` every second. */
export async function reporting<T>(
  { progress }: Pick<ScenarioContext, 'progress'>,
  line: () => string,
  work: () => Promise<T>,
): Promise<T> {
  const timer = setInterval(() => progress(line()), everyMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    progress(line());
  }
}
