// How frames travel over HTTP where no WebSocket can be opened: the paths, the headers and the bodies of the requests. The
// rules are in docs/protocol.md.

import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { SyncError } from '../errors.js';

/** Opens a session. Below it are the requests of an open one. */
export const sessionPath = 'session';
export const sendPath = `${sessionPath}/send`;
export const pollPath = `${sessionPath}/poll`;

/** Header with the id of the session: not in the path, which ends in access logs. */
export const sessionHeader = 'heddle-session';
/** Header with a count of frames since the session was opened: those before the ones that are sent, or wanted. */
export const afterHeader = 'heddle-after';

/** Frames in one body. */
export const maxFramesPerBody = 1_000;
/** Bytes of one body, unless its only frame is larger. */
export const maxBodyBytes = 256 * 1024;

/** At most so much is added to the frames of one body. */
export const bodyOverheadBytes = 4 * maxFramesPerBody;

/** The end of a session, as in a WebSocket's close frame. */
export interface Farewell {
  readonly code: number;
  readonly reason: string;
}

/** What one body carries: frames in order, and the end of the session behind them if it is one. */
export interface Body {
  readonly frames: readonly Uint8Array[];
  readonly farewell?: Farewell | undefined;
}

/** How many of the first frames go into one body: at least one, if there is one. */
export function framesInBody(frames: readonly Uint8Array[]): number {
  let bytes = 0;
  let count = 0;
  for (const frame of frames) {
    bytes += frame.length;
    if (count > 0 && (bytes > maxBodyBytes || count === maxFramesPerBody)) break;
    count++;
  }
  return count;
}

/** A copy. */
export function encodeBody({ frames, farewell }: Body): Uint8Array<ArrayBuffer> {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, frames.length);
  for (const frame of frames) encoding.writeVarUint8Array(encoder, frame);
  if (farewell !== undefined) {
    encoding.writeVarUint(encoder, farewell.code);
    encoding.writeVarString(encoder, farewell.reason);
  }
  return encoding.toUint8Array(encoder);
}

/** Views into the bytes. Throws SyncError FRAME_MALFORMED, or RATE_LIMITED when there are more frames than allowed. */
export function decodeBody(bytes: Uint8Array): Body {
  const decoder = decoding.createDecoder(bytes);
  try {
    const count = decoding.readVarUint(decoder);
    if (count > maxFramesPerBody) throw new SyncError('RATE_LIMITED', 'too many frames in one request');
    const frames = Array.from({ length: count }, () => decoding.readVarUint8Array(decoder));
    if (!decoding.hasContent(decoder)) return { frames };
    const farewell = { code: decoding.readVarUint(decoder), reason: decoding.readVarString(decoder) };
    if (decoding.hasContent(decoder)) throw new SyncError('FRAME_MALFORMED', 'more than one end');
    return { frames, farewell };
  } catch (error) {
    if (error instanceof SyncError) throw error;
    throw new SyncError('FRAME_MALFORMED', 'the body ends inside a frame', { cause: error });
  }
}
