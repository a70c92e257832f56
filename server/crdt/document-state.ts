// What an update is judged against: the client table, the names of root types, the number of subdocuments.

import { ClientTable } from './client-table.js';

/** Plain data of a causal index; the judge reads it, only the index changes it. */
export class DocumentState {
  readonly clients = new ClientTable();
  /** Names of the root types under which commenters may write, as `rootName` writes them; undefined for none. */
  readonly commentRoots: ReadonlySet<string> | undefined;
  private roots: Set<string> | undefined;
  private lastRoot = '';
  subdocuments = 0;
  /** Whether there was ever formatted text, since the document was loaded. */
  isFormatted = false;
  /** Items that a Y.Doc of the document holds, about: see UpdateShape. */
  items = 0;

  constructor(commentRoots?: ReadonlySet<string>) {
    this.commentRoots = commentRoots;
  }

  get rootCount(): number {
    return this.roots?.size ?? 0;
  }

  clockOf(client: number): number {
    const slot = this.clients.find(client);
    return slot < 0 ? 0 : this.clients.clockOf(slot);
  }

  /** Whether bytes[from, to) names a root type of the document. */
  hasRoot(bytes: Uint8Array, from: number, to: number): boolean {
    if (this.roots === undefined) return false;
    if (isSame(this.lastRoot, bytes, from, to)) return true;
    const name = rootName(bytes, from, to);
    if (!this.roots.has(name)) return false;
    this.lastRoot = name;
    return true;
  }

  addRoot(name: string): void {
    (this.roots ??= new Set()).add(name);
  }

  /** Whether bytes[from, to) names a comment root. */
  isCommentRoot(bytes: Uint8Array, from: number, to: number): boolean {
    if (this.commentRoots === undefined) return false;
    for (const name of this.commentRoots) if (isSame(name, bytes, from, to)) return true;
    return false;
  }

  get memoryBytes(): number {
    return 200 + this.clients.memoryBytes + 100 * this.rootCount;
  }
}

/** A root name as a set key: its bytes, one character each, which is cheaper than decoding and just as unique. */
export function rootName(bytes: Uint8Array, from: number, to: number): string {
  let name = '';
  for (let i = from; i < to; i++) name += String.fromCharCode(bytes[i] as number);
  return name;
}

/** Names of root types as `rootName` writes them; undefined for none. */
export function rootNames(names: readonly string[]): ReadonlySet<string> | undefined {
  if (names.length === 0) return undefined;
  const encoder = new TextEncoder();
  return new Set(names.map((name) => encoder.encode(name)).map((name) => rootName(name, 0, name.length)));
}

function isSame(name: string, bytes: Uint8Array, from: number, to: number): boolean {
  const length = to - from;
  if (name.length !== length) return false;
  for (let i = 0; i < length; i++) if (name.charCodeAt(i) !== bytes[from + i]) return false;
  return true;
}
