// What the tabs of one browser say to each other about a document: plain objects that a structured clone carries, read
// with the suspicion that another version of the application may be open.

import type { WrittenRange } from '../crdt/written-here.js';

/** Tabs of another version are not understood, and ignored. */
const version = 2;

/** Longest update in one message, bytes; a longer one goes in parts. */
export const maxPartBytes = 1024 * 1024;

/** A greeting with more than this is not understood: a tab that takes another client id again and again is at fault. */
const maxWrittenRanges = 10_000;

/** What a document holds, short enough to be told to all. */
export interface Summary {
  readonly stateVector: Uint8Array;
  /** Equal where the same is deleted. */
  readonly deletesHash: number;
}

/** How a tab stands: part of all it says. */
export interface TabState {
  /** It hears the server's changes itself. */
  readonly isSynced: boolean;
  /** It has, or may have, what the server lacks, and is to bring it there. */
  readonly hasUnsynced: boolean;
  /** It holds the lock that is let go of when it dies. */
  readonly isLocked: boolean;
  /** The Yjs client id under which it writes. */
  readonly clientId: number;
}

/** What a greeting tells. */
export interface Greeting {
  readonly summary: Summary;
  readonly awareness?: Uint8Array | undefined;
  /** What the tab itself has written since it was opened. */
  readonly written: readonly WrittenRange[];
}

/** A piece of an update; the pieces of one follow each other without anything between. */
export interface Part {
  readonly part: Uint8Array;
  /** Counts from 0 in each update. */
  readonly index: number;
  readonly isLast: boolean;
}

/** What is said; `to`: the tab it is for, absent for all. */
export type Saying = (
  | { readonly type: 'state' }
  /** A tab has come, or may lack something: to all. */
  | ({ readonly type: 'hello' } & Greeting)
  /** The answer. */
  | ({ readonly type: 'here' } & Greeting)
  /** Whoever it is to is asked for what this tab lacks. `deletes`: what is deleted here, an update; absent when it is the same. */
  | { readonly type: 'want'; readonly stateVector: Uint8Array; readonly deletes?: Uint8Array | undefined }
  /** The answer; empty when there is nothing. */
  | ({ readonly type: 'missing' } & Part)
  /** A change, to all. */
  | ({ readonly type: 'update' } & Part)
  /** The tab's own awareness state has changed. */
  | { readonly type: 'awareness'; readonly awareness: Uint8Array }
  /** The tab has left. */
  | { readonly type: 'bye' }
) & { readonly to?: string | undefined };

/** `from`: the tab that says it. */
export type TabMessage = Saying & { readonly from: string; readonly state: TabState };

export function writeMessage(message: TabMessage): unknown {
  return { version, ...message };
}

type Check = (value: unknown) => boolean;

const isBytes: Check = (value) => value instanceof Uint8Array;
const isFlag: Check = (value) => typeof value === 'boolean';
const isOptionalBytes: Check = (value) => value === undefined || isBytes(value);
const isPart: Check = (value) => value instanceof Uint8Array && value.length <= maxPartBytes;
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isName: Check = (value) => typeof value === 'string' && value.length > 0 && value.length <= 64;
const isSummary: Check = (value) =>
  fits(value, { stateVector: isBytes, deletesHash: (hash) => typeof hash === 'number' });

const isRange: Check = (value) => fits(value, { clientId: isCount, from: isCount, to: isCount });
const isWritten: Check = (value) =>
  Array.isArray(value) && value.length <= maxWrittenRanges && value.every(isRange);

const base: Readonly<Record<string, Check>> = {
  version: (value) => value === version,
  from: isName,
  to: (value) => value === undefined || isName(value),
  state: (value) =>
    fits(value, { isSynced: isFlag, hasUnsynced: isFlag, isLocked: isFlag, clientId: isCount }),
};

const shapes: Readonly<Record<TabMessage['type'], Readonly<Record<string, Check>>>> = {
  state: {},
  hello: { summary: isSummary, awareness: isOptionalBytes, written: isWritten },
  here: { summary: isSummary, awareness: isOptionalBytes, written: isWritten },
  want: { stateVector: isBytes, deletes: isOptionalBytes },
  missing: { part: isPart, index: isCount, isLast: isFlag },
  update: { part: isPart, index: isCount, isLast: isFlag },
  awareness: { awareness: isBytes },
  bye: {},
};

/** Undefined for whatever is not a message of this version. */
export function readMessage(data: unknown): TabMessage | undefined {
  if (!fits(data, base)) return undefined;
  const { type } = data as { type?: unknown };
  if (typeof type !== 'string' || !Object.hasOwn(shapes, type)) return undefined;
  return fits(data, shapes[type as TabMessage['type']]) ? (data as TabMessage) : undefined;
}

function fits(value: unknown, shape: Readonly<Record<string, Check>>): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  return Object.entries(shape).every(([name, check]) => check(fields[name]));
}
