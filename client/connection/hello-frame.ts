// The first frame of a client on a socket.

import { encodeClientFrame } from '../../shared/native/frame.js';
import {
  nativeVersion,
  oldestNativeVersion,
  type NativeClientMessage,
} from '../../shared/native/messages.js';
import type { ConnectionDeps } from './connection-deps.js';

type Extensions = Extract<NativeClientMessage, { type: 'hello' }>['extensions'];

/** `session`: a secret of this running client; undefined for none. */
export function helloFrame(
  { device, agent, about, deflation }: ConnectionDeps,
  token: string,
  session: string | undefined,
): Uint8Array {
  const { deviceName, devicePlatform: platform } = about ?? {};
  const inflates = deflation !== undefined || undefined;
  // What is undefined is not said.
  const extensions = { session, inflates, comments: true, deviceName, platform } as Extensions;
  const [version, oldest] = [nativeVersion, oldestNativeVersion];
  return encodeClientFrame({ type: 'hello', version, oldest, token, device, agent, extensions });
}
