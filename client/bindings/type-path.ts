// Which shared type of a document is meant: by the name of a type at the root, by a path from there, or the type itself.

import * as Y from 'yjs';

// oxlint-disable-next-line typescript/no-explicit-any -- reason: types of any events; `unknown` would take none
export type AnyType = Y.AbstractType<any>;

// oxlint-disable-next-line typescript/no-explicit-any -- reason: maps of any values; a map of texts is no map of `unknown`
export type AnyMap = Y.Map<any>;
// oxlint-disable-next-line typescript/no-explicit-any -- reason: as above
export type AnyArray = Y.Array<any>;

/** The name of a Y.Map or a Y.Array at the root, then keys of maps and indexes of arrays. */
export type TypePath = readonly [root: string, ...steps: readonly (string | number)[]];

/** A class of shared types, and how the one of a name at the root is had. */
export interface TypeClass<Type extends AnyType> {
  readonly name: string;
  readonly is: (value: unknown) => value is Type;
  readonly root: (doc: Y.Doc, name: string) => Type;
}

export type TypeSource<Type> = string | TypePath | Type | undefined;

export interface Found<Type> {
  /** Undefined where there is nothing, or something else. */
  readonly type: Type | undefined;
  /** The maps and arrays that the path goes through: when one of them changes, `type` may be another. */
  readonly through: readonly AnyType[];
}

/** Looks where the path leads now. Throws where a name or a path is given and no document, and TypeError for another type. */
export function findType<Type extends AnyType>(
  doc: Y.Doc | undefined,
  source: TypeSource<Type>,
  { name: kind, is, root }: TypeClass<Type>,
): Found<Type> {
  if (source === undefined) return { type: undefined, through: [] };
  if (typeof source !== 'string' && !isPath(source)) {
    if (!is(source)) throw new TypeError(`${sourceName(source)} is no ${kind}`);
    return { type: source, through: [] };
  }
  if (doc === undefined) throw new Error('a shared type is named, and there is no document around');
  const [name, ...steps] = typeof source === 'string' ? [source] : source;
  if (steps.length === 0) return { type: root(doc, name), through: [] };
  const through: AnyType[] = [];
  let at: unknown = typeof steps[0] === 'number' ? doc.getArray(name) : doc.getMap(name);
  for (const step of steps) {
    if (at instanceof Y.AbstractType) through.push(at);
    at = stepFrom(at, step);
  }
  return { type: is(at) ? at : undefined, through };
}

/** The same text for the same path, also where it is another array; the type itself, or undefined, otherwise. */
export function sourceKey<Type extends AnyType>(source: TypeSource<Type>): unknown {
  return isPath(source) ? JSON.stringify(source) : source;
}

/** The source in words, for messages. */
export function sourceName(source: TypeSource<AnyType>): string {
  return isPath(source) ? source.join('/') : typeof source === 'string' ? source : 'what was handed in';
}

function isPath(source: unknown): source is TypePath {
  return Array.isArray(source);
}

function stepFrom(at: unknown, step: string | number): unknown {
  if (at instanceof Y.Map && typeof step === 'string') return at.get(step);
  if (at instanceof Y.Array && typeof step === 'number') return at.get(step);
  return undefined;
}
