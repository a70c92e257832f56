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
} from './hooks.js';
export { useArray, useMap, useText } from './shared-types.js';
export type { Present, SetPresence } from '../bindings/present.js';
export type { SetField, SetText, Splice } from '../bindings/shared-types.js';
export type { TypePath } from '../bindings/type-path.js';
export { useDevices, type Devices } from './use-devices.js';
export { usePeople, useRoster } from './roster.js';
export type { PersonPresent, RosterView } from '../bindings/roster.js';
