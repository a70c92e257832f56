// Keeps what has not changed, so that a component that shows it is not rendered anew.

import { equalityDeep } from 'lib0/function';

type Fields = Readonly<Record<string, unknown>>;

/**
 * `now`, in which each part that is equal in depth to the part of `before` at the same place is replaced by that part. So it
 * is `before` itself where nothing is different. Looks into arrays and plain objects; changes neither argument.
 */
export function reuse<Value>(before: unknown, now: Value): Value {
  return merged(before, now) as Value;
}

function merged(before: unknown, now: unknown): unknown {
  if (Object.is(before, now)) return now;
  if (Array.isArray(before) && Array.isArray(now)) return mergedArray(before, now);
  if (isPlain(before) && isPlain(now)) return mergedFields(before, now);
  return equalityDeep(before, now) ? before : now;
}

function mergedArray(before: readonly unknown[], now: readonly unknown[]): readonly unknown[] {
  const all = now.map((value, index) => merged(before[index], value));
  const isSame = all.length === before.length && all.every((value, index) => Object.is(value, before[index]));
  return isSame ? before : all;
}

function mergedFields(before: Fields, now: Fields): Fields {
  const entries = Object.entries(now).map(
    ([key, value]) => [key, Object.hasOwn(before, key) ? merged(before[key], value) : value] as const,
  );
  const isSame =
    entries.length === Object.keys(before).length &&
    entries.every(([key, value]) => Object.hasOwn(before, key) && Object.is(value, before[key]));
  return isSame ? before : Object.fromEntries(entries);
}

function isPlain(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
