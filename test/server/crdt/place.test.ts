// Places, which are one number each.

import { expect, it } from 'vitest';
import {
  asType,
  beside,
  depthOf,
  inside,
  isType,
  type Place,
  rootPlace,
} from '../../../server/crdt/place.js';

it('C2: a type is one deeper for each type that it is inside of', () => {
  let place: Place = rootPlace;
  for (let depth = 0; depth < 200; depth++) {
    const type = asType(place);
    expect([isType(place), isType(type), depthOf(place), depthOf(type)]).toEqual([false, true, depth, depth]);
    expect([beside(type), beside(place)]).toEqual([place, place]);
    expect(inside(type)).toBe(inside(place));
    place = inside(type);
  }
});
