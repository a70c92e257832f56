// What must not stay behind even when the bench ends in the middle: processes and folders, undone when this process exits.

const undoings = new Set<() => void>();
let isWatching = false;

/** Runs `undo` when this process exits before the returned function is called, which takes it back. */
export function undoOnExit(undo: () => void): () => void {
  if (!isWatching) process.once('exit', () => undoings.forEach((each) => each()));
  isWatching = true;
  undoings.add(undo);
  return () => void undoings.delete(undo);
}
