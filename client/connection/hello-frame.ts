// The first frame of a client on a socket.

import { encodeClientFrame } from '../../shared/native/frame.js';
import { nativeVersion, oldestNativeVersion } from '../../shared/native/messages.js';

export interface HelloParts {
  readonly token: string;
  readonly device: string;
  readonly agent: string;
  /** A secret of this running client; undefined for none. */
  readonly session: string | undefined;
  /** It takes `deflated` messages. */
  readonly inflates: boolean;
}

export function helloFrame({ token, device, agent, session, inflates }: HelloParts): Uint8Array {
  const extensions = {
    ...(session === undefined ? {} : { session }),
    ...(inflates ? { inflates } : {}),
    comments: true,
  };
  const [version, oldest] = [nativeVersion, oldestNativeVersion];
  return encodeClientFrame({ type: 'hello', version, oldest, token, device, agent, extensions });
}
