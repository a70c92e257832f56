// Counts what a piece of code does with maps and sets: the same in every run, where its time would not be.

/** How many elements of all maps and sets `run` looks up, changes or walks over. */
export function countVisits(run: () => void): number {
  let visits = 0;
  const undo: (() => void)[] = [];
  const replace = (prototype: object, name: PropertyKey, wrap: (original: Method) => Method): void => {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
    if (descriptor === undefined) return;
    undo.push(() => Object.defineProperty(prototype, name, descriptor));
    Object.defineProperty(prototype, name, { ...descriptor, value: wrap(descriptor.value as Method) });
  };
  const countCalls = (original: Method): Method =>
    function counted(this: unknown, ...args: unknown[]) {
      visits++;
      return original.apply(this, args);
    };
  const countAll = (original: Method): Method =>
    function counted(this: unknown, ...args: unknown[]) {
      visits += (this as { size: number }).size;
      return original.apply(this, args);
    };
  const iterators = [new Map().values(), new Set().values()].map(
    (iterator) => Object.getPrototypeOf(iterator) as object,
  );
  for (const iterator of iterators) replace(iterator, 'next', countCalls);
  for (const { prototype } of [Map, Set]) {
    for (const name of ['get', 'has', 'set', 'add', 'delete']) replace(prototype, name, countCalls);
    replace(prototype, 'forEach', countAll);
  }
  try {
    run();
  } finally {
    for (const one of undo) one();
  }
  return visits;
}

type Method = (this: unknown, ...args: unknown[]) => unknown;
