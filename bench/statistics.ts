// What is told of several runs: the smallest, the middle and the largest value, never the mean.

export interface Summary {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** The median of an even number of values is the mean of the two in the middle. Throws RangeError when there is none. */
export function summary(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError('there is nothing to sum up');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
  return { min: sorted[0]!, median, max: sorted.at(-1)! };
}

/** How many times the other one's median ours is; undefined where that says nothing, as the other's is 0. */
export function ratio(ours: Summary, other: Summary): number | undefined {
  return other.median === 0 ? undefined : ours.median / other.median;
}
