// Frames that hold several messages one behind the other, whatever the messages are.

import * as decoding from 'lib0/decoding';
import { SyncError } from './errors.js';

/**
 * Everything in a frame, at least one message and at most so many. Throws SyncError RATE_LIMITED when there are more, what
 * `read` throws if that is one, and FRAME_MALFORMED for whatever else it throws.
 */
export function readMessages<M>(
  frame: Uint8Array,
  maxMessages: number,
  read: (decoder: decoding.Decoder) => M,
): M[] {
  const decoder = decoding.createDecoder(frame);
  const messages: M[] = [];
  try {
    do {
      if (messages.length === maxMessages)
        throw new SyncError('RATE_LIMITED', 'too many messages in one frame');
      messages.push(read(decoder));
    } while (decoding.hasContent(decoder));
  } catch (error) {
    if (error instanceof SyncError) throw error;
    throw new SyncError('FRAME_MALFORMED', 'the frame ends inside a message', { cause: error });
  }
  return messages;
}
