'use client';

// React bindings: public API.

export { HeddleServer, useProvider, type HeddleServerProps } from './server-context.js';
export { HeddleDocument, useDocument, type HeddleDocumentProps } from './document.js';
export {
  useConnection,
  useConnectionState,
  useDoc,
  useOthers,
  usePresence,
  useSelf,
  useSetPresence,
  useSyncStatus,
  type Present,
} from './hooks.js';
