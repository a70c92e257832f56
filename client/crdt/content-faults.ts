// What of a document's content no server takes, whoever brings it. It is looked for as the server does, and in what Yjs has
// made of an update: only there every item knows the key that it stands under.

import * as Y from 'yjs';

/** As `welcome` tells them. */
export interface ContentLimits {
  readonly maxUpdateBytes: number;
  /** Longest key, attribute or node name, bytes. */
  readonly maxKeyBytes: number;
  /** Depth of values, and of shared types inside each other. */
  readonly maxNesting: number;
  /** Values in one, counted through all levels. */
  readonly maxValues: number;
}

/** Why the server refuses the item; undefined when it does not. `placed`: the item as the document has it. */
export function faultOf(item: Y.Item, placed: Y.Item | undefined, limits: ContentLimits): string | undefined {
  return keysOf(item, placed).some((key) => isBadKey(key, limits))
    ? `a key or a name has more than ${limits.maxKeyBytes} bytes, or is __proto__`
    : (faultOfDepth(item, placed, limits) ?? faultOfValues(valuesOf(item.content), limits));
}

/** Why the server refuses an update with one value that cannot be cut. */
export function faultOfSize({ maxUpdateBytes }: ContentLimits): string {
  return `a value of the document is larger than ${maxUpdateBytes} bytes`;
}

/** Whether an update says a key that the server refuses, to place the item by. */
export function isPlacedByBadKey({ parent, parentSub }: Y.Item, limits: ContentLimits): boolean {
  return [parent, parentSub].some((key) => typeof key === 'string' && isBadKey(key, limits));
}

function keysOf({ parent, parentSub, content }: Y.Item, placed: Y.Item | undefined): readonly string[] {
  const type = placed?.parent;
  const root = type instanceof Y.AbstractType && type._item === null ? Y.findRootTypeKey(type) : parent;
  const own =
    content instanceof Y.ContentFormat
      ? content.key
      : content instanceof Y.ContentDoc
        ? content.doc.guid
        : nameOf(content);
  return [root, parentSub, placed?.parentSub, own].filter((key) => typeof key === 'string');
}

function nameOf(content: Y.Item['content']): string | null | undefined {
  const type: unknown = content instanceof Y.ContentType ? content.type : undefined;
  if (type instanceof Y.XmlElement) return type.nodeName;
  return type instanceof Y.XmlHook ? type.hookName : undefined;
}

function isBadKey(key: string, { maxKeyBytes }: ContentLimits): boolean {
  // A character of a string in memory has three bytes at most.
  if (key === '__proto__') return true;
  return key.length * 3 > maxKeyBytes && new TextEncoder().encode(key).length > maxKeyBytes;
}

function faultOfDepth(
  { content }: Y.Item,
  placed: Y.Item | undefined,
  { maxNesting }: ContentLimits,
): string | undefined {
  if (!(content instanceof Y.ContentType)) return undefined;
  let depth = 0;
  for (let item = placed; item?.parent instanceof Y.AbstractType; item = item.parent._item ?? undefined)
    if (depth++ > maxNesting) return `shared types are nested more than ${maxNesting} deep`;
  return undefined;
}

function valuesOf(content: Y.Item['content']): readonly unknown[] {
  if (content instanceof Y.ContentAny || content instanceof Y.ContentJSON) return content.arr;
  if (content instanceof Y.ContentEmbed) return [content.embed];
  if (content instanceof Y.ContentFormat) return [content.value];
  return content instanceof Y.ContentDoc ? Object.values(content.opts) : [];
}

function faultOfValues(
  values: readonly unknown[],
  { maxNesting, maxValues }: ContentLimits,
): string | undefined {
  let count = values.length;
  const look = (value: unknown, depth: number): string | undefined => {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return undefined;
    if (depth > maxNesting) return `a value is nested more than ${maxNesting} deep`;
    if (Object.hasOwn(value, '__proto__') || !plain.has(Object.getPrototypeOf(value)))
      return 'a key in a value is __proto__';
    const inside = Object.values(value);
    count += inside.length;
    if (count > maxValues) return `a value holds more than ${maxValues} others`;
    return firstOf(inside, (one) => look(one, depth + 1));
  };
  return firstOf(values, (value) => look(value, 1));
}

/** Decoded values have no other prototypes than these, unless a key has set one. */
const plain: ReadonlySet<unknown> = new Set([Object.prototype, Array.prototype]);

function firstOf<T, U>(all: Iterable<T>, find: (one: T) => U | undefined): U | undefined {
  for (const one of all) {
    const found = find(one);
    if (found !== undefined) return found;
  }
  return undefined;
}
