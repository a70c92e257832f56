// The first message of a client of the native protocol, for tests that write frames themselves.

import {
  nativeVersion,
  oldestNativeVersion,
  type NativeClientMessage,
} from '../../shared/native/messages.js';

type Hello = Extract<NativeClientMessage, { type: 'hello' }>;

export function hello(fields: Partial<Omit<Hello, 'type'>> = {}): Hello {
  return {
    type: 'hello',
    version: nativeVersion,
    oldest: oldestNativeVersion,
    token: 'write',
    device: 'd',
    agent: 'test',
    ...fields,
  };
}
