// Inspectors for updates that were accepted before: merging, splitting and cutting only need their structure.

import { defaultLimits } from '../../shared/limits.js';
import { UpdateInspector } from './update-inspector.js';

/**
 * An inspection of it is valid until its next. Making one takes some microseconds and a few kilobytes: whoever merges often
 * keeps one.
 */
export function createStoredInspector(): UpdateInspector {
  return new UpdateInspector(defaultLimits, 'stored');
}
