// What the code may say to an operator. Tokens and document contents never go through here.

/** Facts that belong to a log line. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log, the shape of pino's: fields first, then the message. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** Says nothing. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
