// Notices commits that vanished. LevelDB drops a damaged stretch of its log, and the tail of a cut manifest, in silence;
// what it then opens looks whole. So every commit carries its number into a ring of slots, in the same batch, and the
// number of the last one that reached the disk is also kept in a file beside LevelDB. A hole means acknowledged updates
// are gone (D1), and the store is not opened as if nothing had happened.

import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DamagedValueError, decodeBytes, encodeBytes } from './record-codec.js';
import { entriesOf } from './level-database.js';
import type { LevelDatabase, Operation } from './level-database.js';
import { ledgerKey, ledgerRange } from './level-keys.js';

/** More commits than the log of LevelDB can hold, so that each part of it is vouched for. */
const slots = 65_536;

/** Name of the file with the number of the last durable commit. */
export const witnessFileName = 'commits';

/** What the ledger can tell of an opened database. */
export interface LedgerReport {
  /** Number of the last commit that is known of, there or not. */
  readonly last: number;
  /** Commits that must be there and are not. */
  readonly missing: number;
}

/** Compares the ring with what it must hold. Throws what LevelDB throws. */
export async function auditLedger(
  database: LevelDatabase,
  directory: string,
  firstCommit: number,
): Promise<LedgerReport> {
  const present = new Set<number>();
  let newest = firstCommit - 1;
  for await (const [key, value] of entriesOf(database, ledgerRange())) {
    const commit = readCommit(key, value);
    if (commit === undefined) continue; // damaged: its number will be missing
    present.add(commit);
    newest = Math.max(newest, commit);
  }
  const witnessed = await readWitness(directory);
  const last = Math.max(newest, witnessed);
  let missing = last - newest;
  for (let commit = Math.max(firstCommit, newest - slots + 1); commit <= newest; commit += 1) {
    if (!present.has(commit)) missing += 1;
  }
  return { last, missing };
}

/** Numbers the commits of an open store. */
export class CommitLedger {
  #commit: number;
  #witness: number | undefined;

  /** `isWitnessed`: each commit is synced, so that a file which runs ahead of LevelDB proves a loss. */
  constructor(directory: string, lastCommit: number, isWitnessed: boolean) {
    this.#commit = lastCommit;
    this.#witness = isWitnessed ? openSync(join(directory, witnessFileName), openFlags) : undefined;
  }

  /** What goes into the next commit. */
  next(): Required<Operation> {
    this.#commit += 1;
    const key = ledgerKey(this.#commit % slots);
    return { key, value: encodeBytes(key, encodeCommit(this.#commit)) };
  }

  /** The commit of the last `next` is on the disk. */
  witness(): void {
    if (this.#witness === undefined) return;
    const number = encodeCommit(this.#commit);
    try {
      writeSync(this.#witness, encodeBytes(witnessKey, number), undefined, undefined, 0);
    } catch {
      this.close(); // a second opinion, not the data: it stays behind, which is harmless
    }
  }

  close(): void {
    if (this.#witness !== undefined) closeSync(this.#witness);
    this.#witness = undefined;
  }
}

const witnessKey = Uint8Array.of(0);
/** Written in place: made when missing, never cut, so that a crash leaves the old number or the new one. */
const openFlags = constants.O_RDWR | constants.O_CREAT;

async function readWitness(directory: string): Promise<number> {
  try {
    return decodeCommit(decodeBytes(witnessKey, await readFile(join(directory, witnessFileName))));
  } catch {
    return 0; // missing or torn: no witness
  }
}

function readCommit(key: Uint8Array, value: Uint8Array): number | undefined {
  try {
    return decodeCommit(decodeBytes(key, value));
  } catch (error) {
    if (error instanceof DamagedValueError) return undefined;
    throw error;
  }
}

function encodeCommit(commit: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(commit));
  return bytes;
}

function decodeCommit(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0));
}
