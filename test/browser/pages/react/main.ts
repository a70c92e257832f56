// A React application under StrictMode: a list of documents, one shown at a time, with its status and who is there.

import { createElement as h, StrictMode, useEffect, useReducer, useState, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import {
  HeddleDocument,
  HeddleServer,
  useConnection,
  useConnectionState,
  useDoc,
  useOthers,
  usePresence,
  useProvider,
  useSelf,
  useSetPresence,
  useSyncStatus,
} from '../../../../client/react/index.js';
import { Devices } from './devices.js';
import { People } from './people.js';
import type { Present } from '../../../../client/react/index.js';
import { ownDevices, type HeddleProvider } from '../../../../client/index.js';

declare global {
  interface Window {
    react: {
      /** Everything that was ever shown. */
      readonly providers: Set<HeddleProvider>;
      readonly ownDevices: typeof ownDevices;
      renders: number;
      /** How often the token was asked for. */
      asked: number;
      /** How often the names of the others were rendered. */
      namesShown: number;
      /** Replaces the token, where it is a text. */
      setToken: (token: string) => void;
    };
  }
}

window.react = { providers: new Set(), ownDevices, renders: 0, asked: 0, namesShown: 0, setToken: () => {} };

interface Shown {
  readonly name: string;
  readonly caret: number;
}

const query = new URLSearchParams(location.search);
const server = query.get('server')!;

function Editor(): ReactNode {
  window.react.renders++;
  window.react.providers.add(useProvider());
  const doc = useDoc();
  const { phase, unsyncedChanges } = useSyncStatus();
  const state = useConnectionState();
  const present = usePresence();
  const setPresence = useSetPresence();
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const text = doc.getText('text');
  useEffect(() => {
    text.observe(redraw);
    return () => text.unobserve(redraw);
  }, [text]);
  useEffect(() => setPresence('name', query.get('user')), [setPresence]);
  const names = present.map(({ state: { name }, isSelf }) => `${String(name)}${isSelf ? ' (me)' : ''}`);
  return h(
    'section',
    null,
    h('output', { id: 'status' }, `${phase} ${unsyncedChanges}`),
    h('output', { id: 'connection' }, state),
    h('output', { id: 'present' }, names.sort().join(', ')),
    h('p', { id: 'text' }, text.toString()),
    h('button', { id: 'type', onClick: () => text.insert(text.length, 'x') }, 'Type'),
  );
}

/** The names of the others: rendered anew when a name is different, not when a caret is. */
function Others(): ReactNode {
  const names = useOthers((others: readonly Present<Shown>[]) => others.map(({ state }) => state.name ?? ''));
  window.react.namesShown++;
  return h('output', { id: 'others' }, names.join(', '));
}

function Self(): ReactNode {
  const self = useSelf<Shown>();
  const setPresence = useSetPresence<Shown>();
  const connection = useConnection();
  const isOpen = useConnectionState() === 'open';
  return h(
    'section',
    null,
    h(
      'output',
      { id: 'self' },
      `${self?.state.name ?? ''} ${self?.state.caret ?? 0} ${isOpen && connection.connected}`,
    ),
    h('button', { id: 'caret', onClick: () => setPresence('caret', (self?.state.caret ?? 0) + 1) }, 'Move'),
  );
}

function App(): ReactNode {
  const [name, show] = useState<string | undefined>('one');
  const button = (label: string, to: string | undefined): ReactNode =>
    h('button', { id: label, onClick: () => show(to) }, label);
  const [text, setToken] = useState(query.get('token') ?? undefined);
  useEffect(() => void (window.react.setToken = setToken), []);
  // A new function at each render, as applications write it.
  const token = (): string => {
    window.react.asked++;
    return '';
  };
  return h(
    HeddleServer,
    { url: server, token: text ?? token },
    button('one', 'one'),
    button('two', 'two'),
    button('none', undefined),
    name &&
      h(
        HeddleDocument,
        { name, fallback: h('p', { id: 'loading' }, 'loading') },
        h(Editor),
        h(Others),
        h(Self),
        query.has('devices') && h(Devices),
        query.has('roster') && h(People),
      ),
  );
}

createRoot(document.querySelector('#app')!).render(h(StrictMode, null, h(App)));
