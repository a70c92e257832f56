// The inspector for updates that were accepted before: merging, splitting and cutting only need their structure.

import { defaultLimits } from '../../shared/limits.js';
import { UpdateInspector } from './update-inspector.js';

/** Shared and reused: an inspection of it is valid until the next. */
export const storedInspector = new UpdateInspector(defaultLimits, 'stored');
