// What came of one run, before it has its place among the results.

import type { RunResult } from '../results.js';

export type Outcome = Pick<RunResult, 'measurement' | 'failure'>;

export function failure(message: string, isDelivery = false): Outcome {
  return { failure: { isDelivery, message } };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
