'use client';

// Texts, maps and arrays of a document, as values that a component is rendered with.

import { useMemo } from 'react';
import type * as Y from 'yjs';
import {
  ArrayReading,
  MapReading,
  TextReading,
  type SetField,
  type SetText,
  type Splice,
} from '../bindings/shared-types.js';
import {
  sourceKey,
  type AnyArray,
  type AnyMap,
  type AnyType,
  type TypeSource,
} from '../bindings/type-path.js';
import type { HeddleProvider } from '../provider/heddle-provider.js';
import { useReading } from './hooks.js';
import { useProviderIfAny } from './server-context.js';

/**
 * A Y.Text as a string, a function that makes it another one, and the Y.Text itself. `source`: its name in the document, or the
 * Y.Text; or a path to it, and then string and Y.Text are undefined while there is none. Rendered anew only when the string or the
 * Y.Text is another.
 */
export function useText(
  source: string | Y.Text,
  provider?: HeddleProvider,
): readonly [text: string, setText: SetText, type: Y.Text];
export function useText(
  source: TypeSource<Y.Text>,
  provider?: HeddleProvider,
): readonly [text: string | undefined, setText: SetText, type: Y.Text | undefined];
export function useText(source: TypeSource<Y.Text>, provider?: HeddleProvider): unknown {
  const reading = useTypeReading(TextReading, source, provider);
  const { value, type } = useReading(reading);
  return [value, reading.setText, type] as const;
}

/**
 * A Y.Map as a plain object with all that is inside of it, a function that sets or deletes a field, and the Y.Map itself. `source`
 * as for `useText`. `Shape`: what the application sets; others may have set anything, or nothing. What is the same as before is
 * the same object.
 */
export function useMap<Shape extends object = Record<string, unknown>>(
  source: string | AnyMap,
  provider?: HeddleProvider,
): readonly [map: Readonly<Partial<Shape>>, setField: SetField<Shape>, type: Y.Map<unknown>];
export function useMap<Shape extends object = Record<string, unknown>>(
  source: TypeSource<AnyMap>,
  provider?: HeddleProvider,
): readonly [
  map: Readonly<Partial<Shape>> | undefined,
  setField: SetField<Shape>,
  type: Y.Map<unknown> | undefined,
];
export function useMap(source: TypeSource<AnyMap>, provider?: HeddleProvider): unknown {
  const reading = useTypeReading(MapReading, source, provider);
  const { value, type } = useReading(reading);
  return [value, reading.setField, type] as const;
}

/**
 * A Y.Array as an array with all that is inside of it, a function that deletes and inserts items, and the Y.Array itself. `source`
 * as for `useText`. `Item`: what the application puts into it; others may have put anything there.
 */
export function useArray<Item = unknown>(
  source: string | AnyArray,
  provider?: HeddleProvider,
): readonly [array: readonly Item[], splice: Splice<Item>, type: Y.Array<unknown>];
export function useArray<Item = unknown>(
  source: TypeSource<AnyArray>,
  provider?: HeddleProvider,
): readonly [array: readonly Item[] | undefined, splice: Splice<Item>, type: Y.Array<unknown> | undefined];
export function useArray(source: TypeSource<AnyArray>, provider?: HeddleProvider): unknown {
  const reading = useTypeReading(ArrayReading, source, provider);
  const { value, type } = useReading(reading);
  return [value, reading.splice, type] as const;
}

/** The same one until the document or the source is another: a path is written anew at each render. */
function useTypeReading<Type extends AnyType, Made>(
  Class: new (doc: Y.Doc | undefined, source: TypeSource<Type>) => Made,
  source: TypeSource<Type>,
  provider?: HeddleProvider,
): Made {
  const doc = useProviderIfAny(provider)?.doc;
  return useMemo(() => new Class(doc, source), [Class, doc, sourceKey(source)]);
}
