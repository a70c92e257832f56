// Client ids as the clients of both Yjs generations draw them: of 32 bits and of 53.

export const boundaryClientIds: readonly number[] = [2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];

/** A client id made of 32 random bits. Half of them keep to 32 bits, the others have up to 53. */
export function wideClientId(bits: number): number {
  return bits % 2 === 0 ? bits : bits * 2 ** 21 + (bits >>> 11);
}
