// Texts, maps and arrays of a document, as values that are followed.

import { untrack } from 'svelte';
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
import { followed, valueOf, type MaybeGetter } from './followed.js';
import { providerIfAny } from './server.js';

type GivenProvider = MaybeGetter<HeddleProvider>;

export interface CurrentText<Text extends string | undefined, Type> {
  get current(): Text;
  /** As `bind:value` does. Only what is different is deleted and inserted. */
  set current(text: string);
  readonly setText: SetText;
  readonly type: Type;
}

/**
 * A Y.Text as a string, a function that makes it another one, and the Y.Text itself. `source`: its name in the document, or the
 * Y.Text; or a path to it, and then string and Y.Text are undefined while there is none. It may be a function.
 */
export function useText(
  source: MaybeGetter<string | Y.Text>,
  provider?: GivenProvider,
): CurrentText<string, Y.Text>;
export function useText(
  source: MaybeGetter<TypeSource<Y.Text>>,
  provider?: GivenProvider,
): CurrentText<string | undefined, Y.Text | undefined>;
export function useText(source: MaybeGetter<TypeSource<Y.Text>>, provider?: GivenProvider): unknown {
  const reading = followedType(TextReading, source, provider);
  const setText: SetText = (text) => untrack(reading).setText(text);
  return {
    get current() {
      return reading().read().value;
    },
    set current(text: string | undefined) {
      setText(text ?? '');
    },
    setText,
    get type() {
      return reading().read().type;
    },
  };
}

export interface CurrentMap<Shape extends object, Known extends Readonly<Partial<Shape>> | undefined, Type> {
  readonly current: Known;
  readonly setField: SetField<Shape>;
  readonly type: Type;
}

/**
 * A Y.Map as a plain object with all that is inside of it, a function that sets or deletes a field, and the Y.Map itself. `source`
 * as for `useText`. `Shape`: what the application sets; others may have set anything, or nothing. What is the same as before is
 * the same object.
 */
export function useMap<Shape extends object = Record<string, unknown>>(
  source: MaybeGetter<string | AnyMap>,
  provider?: GivenProvider,
): CurrentMap<Shape, Readonly<Partial<Shape>>, Y.Map<unknown>>;
export function useMap<Shape extends object = Record<string, unknown>>(
  source: MaybeGetter<TypeSource<AnyMap>>,
  provider?: GivenProvider,
): CurrentMap<Shape, Readonly<Partial<Shape>> | undefined, Y.Map<unknown> | undefined>;
export function useMap(source: MaybeGetter<TypeSource<AnyMap>>, provider?: GivenProvider): unknown {
  const reading = followedType(MapReading, source, provider);
  const setField: SetField<Record<string, unknown>> = (key, value) => untrack(reading).setField(key, value);
  return {
    get current() {
      return reading().read().value;
    },
    setField,
    get type() {
      return reading().read().type;
    },
  };
}

export interface CurrentArray<Item, Known extends readonly Item[] | undefined, Type> {
  readonly current: Known;
  readonly splice: Splice<Item>;
  readonly type: Type;
}

/**
 * A Y.Array as an array with all that is inside of it, a function that deletes and inserts items, and the Y.Array itself. `source`
 * as for `useText`. `Item`: what the application puts into it; others may have put anything there.
 */
export function useArray<Item = unknown>(
  source: MaybeGetter<string | AnyArray>,
  provider?: GivenProvider,
): CurrentArray<Item, readonly Item[], Y.Array<unknown>>;
export function useArray<Item = unknown>(
  source: MaybeGetter<TypeSource<AnyArray>>,
  provider?: GivenProvider,
): CurrentArray<Item, readonly Item[] | undefined, Y.Array<unknown> | undefined>;
export function useArray(source: MaybeGetter<TypeSource<AnyArray>>, provider?: GivenProvider): unknown {
  const reading = followedType(ArrayReading, source, provider);
  const splice: Splice<unknown> = (...change) => untrack(reading).splice(...change);
  return {
    get current() {
      return reading().read().value;
    },
    splice,
    get type() {
      return reading().read().type;
    },
  };
}

function followedType<Type extends AnyType, Made extends ArrayReading | MapReading | TextReading>(
  Class: new (doc: Y.Doc | undefined, source: TypeSource<Type>) => Made,
  source: MaybeGetter<TypeSource<Type>>,
  provider: GivenProvider | undefined,
): () => Made {
  const of = providerIfAny(provider);
  return followed(
    () => [of?.().doc, sourceKey(valueOf(source))],
    () => new Class(of?.().doc, valueOf(source)),
  );
}
