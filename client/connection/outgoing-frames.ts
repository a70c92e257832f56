// What is said in one turn, as frames that the server takes.

import { encodeClientFrame } from '../../shared/native/frame.js';
import type { NativeClientMessage } from '../../shared/native/messages.js';

/** Larger frames would hold up what is said next on a slow line, bytes. */
const usualFrameBytes = 64 * 1024;

/** The messages in their order, in frames of at most `maxMessageBytes`. A larger message has a frame of its own. */
export function outgoingFrames(
  messages: readonly NativeClientMessage[],
  maxMessageBytes: number,
): Uint8Array[] {
  const most = Math.min(usualFrameBytes, maxMessageBytes);
  const frames: Uint8Array[] = [];
  let parts: Uint8Array[] = [];
  let bytes = 0;
  const finish = (): void => {
    if (parts.length > 0) frames.push(parts.length === 1 ? parts[0]! : joined(parts, bytes));
    parts = [];
    bytes = 0;
  };
  for (const message of messages) {
    const part = encodeClientFrame(message);
    if (bytes + part.length > most) finish();
    parts.push(part);
    bytes += part.length;
  }
  finish();
  return frames;
}

function joined(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
