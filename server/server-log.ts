// The application's log, as the rest of the server writes in it: whatever a line is about, no token gets into it. A client that is
// set up wrongly may have its token in a document's name, in an origin or in a method.

import type { LogFields, Logger } from '../shared/logger.js';
import { withoutTokens } from './auth/token-shape.js';

/** The logger, with everything that looks like a token taken out of texts and errors. */
export function logWithoutTokens(logger: Logger): Logger {
  return {
    debug: (fields, message) => logger.debug(cleaned(fields), message),
    info: (fields, message) => logger.info(cleaned(fields), message),
    warn: (fields, message) => logger.warn(cleaned(fields), message),
    error: (fields, message) => logger.error(cleaned(fields), message),
  };
}

function cleaned(fields: LogFields): LogFields {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, cleanValue(value)]));
}

function cleanValue(value: unknown): unknown {
  if (typeof value === 'string') return withoutTokens(value);
  if (value instanceof Error && hasToken(value)) return cleanError(value);
  return value;
}

function hasToken({ message, stack = '', cause }: Error): boolean {
  const text = `${message}\n${stack}`;
  return withoutTokens(text) !== text || (cause instanceof Error && hasToken(cause));
}

/** A copy: the error itself may be somebody's who goes on with it. */
function cleanError(error: Error): Error {
  const { cause } = error;
  const copy = new Error(
    withoutTokens(error.message),
    cause instanceof Error ? { cause: cleanError(cause) } : {},
  );
  copy.name = error.name;
  copy.stack = withoutTokens(error.stack ?? '');
  return copy;
}
