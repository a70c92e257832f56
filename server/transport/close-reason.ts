// What a close can say.

/** Longest reason in a close frame, bytes of UTF-8. */
const maxReasonBytes = 123;

const encoder = new TextEncoder();

/** The longest part of a close reason that fits its frame and ends between two characters. */
export function closeReason(reason: string): Uint8Array {
  const bytes = new Uint8Array(maxReasonBytes);
  return bytes.subarray(0, encoder.encodeInto(reason, bytes).written);
}
