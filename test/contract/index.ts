// `heddle/testing`: the contract suites for adapters, and stores for tests.

export { describeStore } from './store.js';
export type { StorePlace, StoreTraits, TestFramework } from './store.js';
export { createMemoryStore } from '../../server/store/memory-store.js';
