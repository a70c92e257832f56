// Recorded editing histories as a load: read from a file, made into updates.

export { readTrace, TraceError, type Trace } from './trace-file.js';
export { traceScript, type TraceScript, type TraceUpdate } from './trace-script.js';
