// A number that is none (nothing was counted, a division by zero) must fail the run: JSON would make it null.

/** The place of the first number in plain data that is not finite, like `figures.p99Ms`; undefined when all are. */
export function badNumber(data: unknown, place = ''): string | undefined {
  if (typeof data === 'number') return Number.isFinite(data) ? undefined : place;
  if (typeof data !== 'object' || data === null) return undefined;
  for (const [key, value] of Object.entries(data)) {
    const bad = badNumber(value, place === '' ? key : `${place}.${key}`);
    if (bad !== undefined) return bad;
  }
}
