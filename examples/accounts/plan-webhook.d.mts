/** The header `x-signature` for a body. */
export function signatureOf(secret: string, body: string, timeS?: number): string;
