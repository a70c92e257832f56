// Recorded editing histories, in the format of the public collection josephg/editing-traces, as they are in the file.

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** At a position something is taken away, then something put in. Counted in Unicode code points. */
export type Patch = readonly [position: number, deleted: number, inserted: string];

/** What one agent did at once: its patches apply one after the other. */
export interface TraceTransaction {
  readonly agent: number;
  /** Indexes of earlier transactions: the patches apply to the merge of these. */
  readonly parents: readonly number[];
  readonly patches: readonly Patch[];
}

export interface Trace {
  /** Of sequential traces; empty in all that are published. */
  readonly startContent: string;
  readonly endContent: string;
  /** Transactions happened beside each other; otherwise each follows the one before. */
  readonly isConcurrent: boolean;
  readonly txns: readonly TraceTransaction[];
}

/** A file is no trace, or the trace contradicts itself; the message says what is wrong. */
export class TraceError extends Error {
  override readonly name = 'TraceError';
}

/** Reads a trace, sequential or concurrent, compressed or not. Throws TraceError. */
export function readTrace(file: string): Trace {
  try {
    return parseTrace(JSON.parse(readText(file)));
  } catch (error) {
    const { message } = error as Error;
    throw new TraceError(`${file} is not an editing trace: ${message}`, { cause: error });
  }
}

function readText(file: string): string {
  const bytes = readFileSync(file);
  const isCompressed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return (isCompressed ? gunzipSync(bytes) : bytes).toString();
}

/** Throws Error where the format is not kept. */
function parseTrace(json: unknown): Trace {
  const { startContent = '', endContent, txns, kind, numAgents } = objectOf(json, 'the file');
  if (typeof startContent !== 'string') throw new Error('startContent is no text');
  if (typeof endContent !== 'string') throw new Error('endContent is no text');
  if (!Array.isArray(txns)) throw new Error('txns is no list');
  const isConcurrent = kind === 'concurrent' || numAgents !== undefined;
  return {
    startContent,
    endContent,
    isConcurrent,
    txns: txns.map((txn, index) => parseTransaction(txn, index, isConcurrent)),
  };
}

function parseTransaction(json: unknown, index: number, isConcurrent: boolean): TraceTransaction {
  const where = `transaction ${index}`;
  const { agent, parents, patches } = objectOf(json, where);
  if (!Array.isArray(patches) || !patches.every(isPatch)) throw new Error(`${where} has no list of patches`);
  if (!isConcurrent) return { agent: 0, parents: index === 0 ? [] : [index - 1], patches };
  if (!isCount(agent)) throw new Error(`${where} has no agent`);
  const isParent = (parent: unknown): boolean => isCount(parent) && parent < index;
  if (!Array.isArray(parents) || !parents.every(isParent))
    throw new Error(`${where} has no list of earlier parents`);
  return { agent, parents: parents as number[], patches };
}

function objectOf(json: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null) throw new Error(`${where} is no object`);
  return json as Record<string, unknown>;
}

/** Some traces have the time as a fourth field. */
function isPatch(json: unknown): json is Patch {
  return Array.isArray(json) && isCount(json[0]) && isCount(json[1]) && typeof json[2] === 'string';
}

function isCount(json: unknown): json is number {
  return Number.isSafeInteger(json) && (json as number) >= 0;
}
