// Which version of the native protocol a connection speaks.

import { SyncError } from '../../shared/errors.js';
import { nativeVersion, oldestNativeVersion } from '../../shared/native/messages.js';

/** The versions that a client speaks. */
interface Spoken {
  readonly version: number;
  readonly oldest: number;
}

/** The newest version that both sides speak. Throws SyncError VERSION_UNSUPPORTED when there is none. */
export function commonVersion({ version, oldest }: Spoken): number {
  const common = Math.min(version, nativeVersion);
  if (common < oldestNativeVersion || common < oldest)
    throw new SyncError(
      'VERSION_UNSUPPORTED',
      `this server speaks the versions ${oldestNativeVersion} to ${nativeVersion}`,
    );
  return common;
}
