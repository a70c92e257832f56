// A shared type of a document as a plain value that changes with it.

import * as Y from 'yjs';
import type { Reading } from './reading.js';
import { Snapshot } from './snapshot.js';
import {
  findType,
  sourceName,
  type AnyType,
  type Found,
  type TypeClass,
  type TypeSource,
} from './type-path.js';

export interface TypeNow<Value, Type> {
  /** Undefined where there is no such type. */
  readonly value: Value | undefined;
  /** The shared type itself. */
  readonly type: Type | undefined;
}

export interface TypeKind<Value, Type extends AnyType> extends TypeClass<Type> {
  readonly valueOf: (type: Type) => Value;
  /** What is inside of it belongs to the value. */
  readonly isDeep: boolean;
}

export class TypeReading<Value, Type extends AnyType> implements Reading<TypeNow<Value, Type>> {
  readonly read: () => TypeNow<Value, Type>;
  readonly listen: (changed: () => void) => () => void;
  readonly #find: () => Found<Type>;
  readonly #missing: string;

  constructor(doc: Y.Doc | undefined, source: TypeSource<Type>, kind: TypeKind<Value, Type>) {
    const find = (): Found<Type> => findType(doc, source, kind);
    const snapshot = new Snapshot<TypeNow<Value, Type>>(
      () => {
        const { type } = find();
        return { value: type === undefined ? undefined : kind.valueOf(type), type };
      },
      (changed) => observe(find, kind.isDeep, changed),
    );
    this.#find = find;
    this.#missing = `there is no ${kind.name} at ${sourceName(source)}`;
    this.read = snapshot.read;
    this.listen = snapshot.listen;
  }

  /** Changes the type as it is now, in one transaction. Throws where there is none. */
  change(run: (type: Type) => void): void {
    const { type } = this.#find();
    if (type === undefined) throw new Error(this.#missing);
    if (type.doc === null) run(type);
    else type.doc.transact(() => run(type));
  }
}

/** Observes the type, and of what the path goes through only whether the type is another. */
function observe(find: () => Found<AnyType>, isDeep: boolean, changed: () => void): () => void {
  let stop = (): void => {};
  let isStopped = false;
  const start = (): void => {
    const { type, through } = find();
    for (const one of through) one.observe(moved);
    if (isDeep) type?.observeDeep(changed);
    else type?.observe(changed);
    stop = () => {
      for (const one of through) one.unobserve(moved);
      if (isDeep) type?.unobserveDeep(changed);
      else type?.unobserve(changed);
    };
  };
  const moved = (): void => {
    // Yjs calls those that it was to call when it began, also when they have been taken out since.
    if (isStopped) return;
    stop();
    start();
    changed();
  };
  start();
  return () => {
    isStopped = true;
    stop();
  };
}
