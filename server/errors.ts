// Faults on the operator's side: what start-up and the data directory can end in.

/** Something given to the command or to createServer is wrong. The message is one clear line. Exit code 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Why a store cannot do what was asked. */
export type StoreErrorCode =
  | 'STORE_LOCKED' // another process holds the directory
  | 'STORE_UNWRITABLE' // permissions, read-only file system
  | 'STORE_FULL' // no space left, file size limit
  | 'STORE_CORRUPT' // the database itself cannot be opened or has lost files
  | 'STORE_VERSION' // written by another format version
  | 'STORE_MISSING' // there is no store in this place
  | 'STORE_CLOSED' // used after close
  | 'STORE_CONFLICT' // an append or checkpoint that does not continue what is stored: two writers
  | 'STORE_IO' // anything else the disk said
  | 'DOCUMENT_CORRUPT'; // records of one document fail their checksum or have a gap

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
