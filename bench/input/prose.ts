// Something to type: words and sentences by chance, from a seed.

import * as prng from 'lib0/prng';

const words = (
  'the of and to in a is that for it as was with be by on not he this are or his from at which but have an had they ' +
  'you were there one all we can her has been if more when will would who so no said what up its about than into them ' +
  'only other time new some could these two may first then do any like my now over such our even most made after also ' +
  'did many off before must well back through years where much your way down should because long each just state people ' +
  'those too little world very still see own work make good great being here between both life under never day same ' +
  'another know while last might us old year come since against go came right used take three café naïve über loom ' +
  'thread weave shuttle pattern shared paragraph document sentence meeting tomorrow afternoon question different'
).split(' ');

export function word(random: prng.PRNG): string {
  return prng.oneOf(random, words);
}

/** One sentence, with a blank behind it; ends a paragraph now and then. About 70 characters. */
export function sentence(random: prng.PRNG): string {
  const text = Array.from({ length: prng.int31(random, 6, 18) }, () => word(random)).join(' ');
  return `${text[0]!.toUpperCase()}${text.slice(1)}.${prng.int31(random, 0, 6) === 0 ? '\n' : ' '}`;
}
