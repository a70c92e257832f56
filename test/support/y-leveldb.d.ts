// What the tests use of y-leveldb, whose package hides its types.
declare module 'y-leveldb' {
  export class LeveldbPersistence {
    constructor(location: string);
    storeUpdate(document: string, update: Uint8Array): Promise<number>;
    flushDocument(document: string): Promise<void>;
    setMeta(document: string, key: string, value: unknown): Promise<void>;
    destroy(): Promise<void>;
  }
}
