// What an update is judged against: the client table, the names of root types, the number of subdocuments.

import { ClientTable } from './client-table.js';

/** Plain data of a causal index; the judge reads it, only the index changes it. */
export class DocumentState {
  readonly clients = new ClientTable();
  private roots: Set<string> | undefined;
  private lastRoot = '';
  subdocuments = 0;
  /** Whether there was ever formatted text, since the document was loaded. */
  isFormatted = false;
  /** Items that a Y.Doc of the document holds, about: see UpdateShape. */
  items = 0;

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

function isSame(name: string, bytes: Uint8Array, from: number, to: number): boolean {
  const length = to - from;
  if (name.length !== length) return false;
  for (let i = 0; i < length; i++) if (name.charCodeAt(i) !== bytes[from + i]) return false;
  return true;
}
