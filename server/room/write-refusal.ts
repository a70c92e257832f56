// Why an update is not taken of somebody who may not write all of a document.

import { SyncError } from '../../shared/errors.js';
import type { Access } from '../../shared/permission.js';

/** For an update of a commenter that changes something else than comments, and of everybody else who may not write. */
export function writeRefusal(access: Access): SyncError {
  return access === 'comment'
    ? new SyncError('COMMENT_ONLY', 'you may comment on this document, not change the rest of it')
    : new SyncError('READ_ONLY', 'you may read this document, not change it');
}
