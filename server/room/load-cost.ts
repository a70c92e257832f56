// What it may cost to load a document. Loading is what every reader has to do, so a document that loads slowly for its size
// hurts everybody who opens it. Pure; docs/behaviour.md has the policy (V5, V6).

/** A document of this many bytes and the CPU time that loading it took, ms. */
export interface LoadCost {
  readonly bytes: number;
  readonly loadMs: number;
}

/** fine: as honest documents load. costly: named in log and health. excessive: takes no edit that may make it slower. */
export type CostLevel = 'fine' | 'costly' | 'excessive';

/** Honest documents load in a tenth to a third of this, the densest ones (a struct for every few letters) included. */
const baseMs = 250;
const msPerKiB = 1;
const excessiveFactor = 4;

/** CPU time that an honest document or update of this size stays well below, ms. */
export function fairMs(bytes: number): number {
  return baseMs + (bytes / 1024) * msPerKiB;
}

/** CPU time from which on a document of this size is excessive, ms. */
export function excessiveMs(bytes: number): number {
  return excessiveFactor * fairMs(bytes);
}

export function levelOf({ bytes, loadMs }: LoadCost): CostLevel {
  if (loadMs <= fairMs(bytes)) return 'fine';
  return loadMs <= excessiveMs(bytes) ? 'costly' : 'excessive';
}
