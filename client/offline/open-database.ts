// Opens and deletes databases so that it comes to an end: in an open database, or in a typed error. Knows nothing of what
// is in them.

import type { Clock, Timer } from '../../shared/clock.js';
import { OfflineError, toOfflineError } from './offline-error.js';

export interface DatabaseDeps {
  /** Undefined where there is no IndexedDB. */
  readonly factory: IDBFactory | undefined;
  readonly clock: Clock;
  /** After which opening, or deleting, is given up. */
  readonly timeoutMs: number;
}

/** The browser's; undefined where there is none, or where the page may not use it. */
export function browserDatabases(): IDBFactory | undefined {
  try {
    return globalThis.indexedDB;
  } catch {
    return undefined;
  }
}

/**
 * Opens a database in the version it has; one that is not there is made, and `create` makes its stores. A database that
 * opens after it was given up is closed again. Rejects with OfflineError.
 */
export function openDatabase(
  name: string,
  create: (database: IDBDatabase) => void,
  { factory, clock, timeoutMs }: DatabaseDeps,
): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    let isGivenUp = false;
    const request = started(() => factory?.open(name));
    const timer = clock.after(timeoutMs, () => {
      isGivenUp = true;
      reject(new OfflineError('OFFLINE_TIMEOUT', `${name} did not open within ${timeoutMs} ms`));
    });
    request.addEventListener('upgradeneeded', () => {
      if (isGivenUp) request.transaction?.abort();
      else create(request.result);
    });
    // What is heard after it was given up changes nothing.
    request.addEventListener('error', (event) => {
      event.preventDefault();
      timer.cancel();
      reject(toOfflineError(request.error, 'OFFLINE_UNAVAILABLE'));
    });
    request.addEventListener('success', () => {
      timer.cancel();
      if (isGivenUp) request.result.close();
      else resolve(request.result);
    });
  });
}

/** Resolves when the database is gone. Rejects with OfflineError, BLOCKED when somebody does not let go of it. */
export function deleteDatabase(name: string, { factory, clock, timeoutMs }: DatabaseDeps): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = started(() => factory?.deleteDatabase(name));
    const timer: Timer = clock.after(timeoutMs, () =>
      reject(new OfflineError('OFFLINE_BLOCKED', `somebody does not let go of ${name}`)),
    );
    request.addEventListener('error', (event) => {
      event.preventDefault();
      timer.cancel();
      reject(toOfflineError(request.error));
    });
    request.addEventListener('success', () => {
      timer.cancel();
      resolve();
    });
  });
}

/** The promise of a request; it rejects with the request's own error. */
export function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(toOfflineError(request.error)));
  });
}

/** Settles as the promise does; rejects with OfflineError TIMEOUT when that takes too long. */
export function inTime<T>(
  promise: Promise<T>,
  what: string,
  deps: Omit<DatabaseDeps, 'factory'>,
): Promise<T> {
  const { clock, timeoutMs } = deps;
  return new Promise((resolve, reject) => {
    const timer = clock.after(timeoutMs, () =>
      reject(new OfflineError('OFFLINE_TIMEOUT', `${what} within ${timeoutMs} ms`)),
    );
    promise.then(resolve, reject).finally(() => timer.cancel());
  });
}

function started<T>(start: () => T | undefined): T {
  let request: T | undefined;
  try {
    request = start();
  } catch (error) {
    throw toOfflineError(error, 'OFFLINE_UNAVAILABLE');
  }
  if (request === undefined) throw new OfflineError('OFFLINE_UNAVAILABLE', 'there is no IndexedDB here');
  return request;
}
