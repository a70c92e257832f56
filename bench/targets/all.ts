// What is measured unless something else is asked for.

import { bareTarget, bareWindowTarget } from './bare.js';
import { heddleNativeTarget, heddleTarget, heddleWsTarget } from './heddle.js';
import { peerTargets } from './peers.js';
import type { Target } from './target.js';

/** In the order of the report. */
export function standardTargets(): Target[] {
  return [
    heddleTarget(),
    heddleNativeTarget(),
    heddleWsTarget(),
    bareTarget(),
    bareWindowTarget(),
    ...peerTargets(),
  ];
}
