// The head of an HTTP request, copied.

import type { UpgradeRequest } from './transport.js';

export interface RequestHead extends UpgradeRequest {
  /** In upper case. */
  readonly method: string;
}
