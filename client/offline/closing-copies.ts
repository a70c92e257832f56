// Copies of this page that are being closed, by name: what they leave is there for the next.

const closing = new Map<string, Promise<void>>();

/** Resolves when no copy of this name is being closed. */
export function whenClosed(name: string): Promise<void> {
  return closing.get(name) ?? Promise.resolve();
}

/** Notes a copy that is being closed, until it is; returns when that is. */
export function noteClosing(name: string, closed: Promise<void>): Promise<void> {
  const all = Promise.all([whenClosed(name), closed]).then(() => {
    if (closing.get(name) === all) closing.delete(name);
  });
  closing.set(name, all);
  return closed;
}
