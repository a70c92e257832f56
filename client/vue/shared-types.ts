// Texts, maps and arrays of a document, as refs.

import {
  computed,
  toRaw,
  toValue,
  type ComputedRef,
  type MaybeRefOrGetter,
  type WritableComputedRef,
} from 'vue';
import type * as Y from 'yjs';
import {
  ArrayReading,
  MapReading,
  TextReading,
  type SetField,
  type SetText,
  type Splice,
} from '../bindings/shared-types.js';
import type { AnyArray, AnyMap, AnyType, TypeSource } from '../bindings/type-path.js';
import type { TypeReading } from '../bindings/type-reading.js';
import type { HeddleProvider } from '../provider/heddle-provider.js';
import { useReading } from './reading.js';
import { providerIfAny } from './server.js';

type GivenProvider = MaybeRefOrGetter<HeddleProvider>;

export interface TextRefs<Text extends string | undefined, Type> {
  /** Can be written, as `v-model` does. Undefined where there is no Y.Text. */
  readonly text: WritableComputedRef<Text, string>;
  readonly setText: SetText;
  readonly type: ComputedRef<Type>;
}

/**
 * A Y.Text as a string, a function that makes it another one, and the Y.Text itself. `source`: its name in the document, or the
 * Y.Text; or a path to it, and then string and Y.Text are undefined while there is none. It may be a ref or a function.
 */
export function useText(
  source: MaybeRefOrGetter<string> | Y.Text,
  provider?: GivenProvider,
): TextRefs<string, Y.Text>;
export function useText(
  source: MaybeRefOrGetter<TypeSource<Y.Text>>,
  provider?: GivenProvider,
): TextRefs<string | undefined, Y.Text | undefined>;
export function useText(source: MaybeRefOrGetter<TypeSource<Y.Text>>, provider?: GivenProvider): unknown {
  const { reading, value, type } = useTypeReading(TextReading, source, provider);
  const setText: SetText = (text) => reading.value.setText(text);
  return { text: computed({ get: () => value.value, set: setText }), setText, type };
}

export interface MapRefs<Shape extends object, Known extends Readonly<Partial<Shape>> | undefined, Type> {
  readonly map: ComputedRef<Known>;
  readonly setField: SetField<Shape>;
  readonly type: ComputedRef<Type>;
}

/**
 * A Y.Map as a plain object with all that is inside of it, a function that sets or deletes a field, and the Y.Map itself. `source`
 * as for `useText`. `Shape`: what the application sets; others may have set anything, or nothing. What is the same as before is
 * the same object.
 */
export function useMap<Shape extends object = Record<string, unknown>>(
  source: MaybeRefOrGetter<string> | AnyMap,
  provider?: GivenProvider,
): MapRefs<Shape, Readonly<Partial<Shape>>, Y.Map<unknown>>;
export function useMap<Shape extends object = Record<string, unknown>>(
  source: MaybeRefOrGetter<TypeSource<AnyMap>>,
  provider?: GivenProvider,
): MapRefs<Shape, Readonly<Partial<Shape>> | undefined, Y.Map<unknown> | undefined>;
export function useMap(source: MaybeRefOrGetter<TypeSource<AnyMap>>, provider?: GivenProvider): unknown {
  const { reading, value, type } = useTypeReading(MapReading, source, provider);
  const setField: SetField<Record<string, unknown>> = (key, field) => reading.value.setField(key, field);
  return { map: value, setField, type };
}

export interface ArrayRefs<Item, Known extends readonly Item[] | undefined, Type> {
  readonly array: ComputedRef<Known>;
  readonly splice: Splice<Item>;
  readonly type: ComputedRef<Type>;
}

/**
 * A Y.Array as an array with all that is inside of it, a function that deletes and inserts items, and the Y.Array itself. `source`
 * as for `useText`. `Item`: what the application puts into it; others may have put anything there.
 */
export function useArray<Item = unknown>(
  source: MaybeRefOrGetter<string> | AnyArray,
  provider?: GivenProvider,
): ArrayRefs<Item, readonly Item[], Y.Array<unknown>>;
export function useArray<Item = unknown>(
  source: MaybeRefOrGetter<TypeSource<AnyArray>>,
  provider?: GivenProvider,
): ArrayRefs<Item, readonly Item[] | undefined, Y.Array<unknown> | undefined>;
export function useArray(source: MaybeRefOrGetter<TypeSource<AnyArray>>, provider?: GivenProvider): unknown {
  const { reading, value, type } = useTypeReading(ArrayReading, source, provider);
  const splice: Splice<unknown> = (...change) => reading.value.splice(...change);
  return { array: value, splice, type };
}

function useTypeReading<Value, Type extends AnyType, Made extends TypeReading<Value, Type>>(
  Class: new (doc: Y.Doc | undefined, source: TypeSource<Type>) => Made & TypeReading<Value, Type>,
  source: MaybeRefOrGetter<TypeSource<Type>>,
  provider: GivenProvider | undefined,
): {
  readonly reading: ComputedRef<Made>;
  readonly value: ComputedRef<Value | undefined>;
  readonly type: ComputedRef<Type | undefined>;
} {
  const of = providerIfAny(provider);
  // A proxy of a shared type is none.
  const { reading, value } = useReading(() => new Class(of?.().doc, toRaw(toValue(source))));
  return {
    reading,
    value: computed(() => value.value.value),
    type: computed(() => value.value.type),
  };
}
