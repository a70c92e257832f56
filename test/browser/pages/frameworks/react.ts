// The application in React, under StrictMode.

import { createElement as h, StrictMode, useEffect, useState, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import {
  HeddleDocument,
  HeddleServer,
  useArray,
  useDevices,
  useMap,
  useOthers,
  usePeople,
  useProvider,
  useRoster,
  useSelf,
  useSetPresence,
  useSyncStatus,
  useText,
} from '../../../../client/react/index.js';
import {
  counts,
  devicesText,
  firstTitle,
  peopleText,
  providers,
  token,
  url,
  user,
  type Application,
  type Shown,
  type ToDo,
} from './application.js';

function Editor(): ReactNode {
  providers.add(useProvider());
  const { phase } = useSyncStatus();
  const [text, setText] = useText('text');
  const [map, setField] = useMap<{ count: number }>('map');
  const [todos, splice] = useArray<ToDo>('todos');
  const [title] = useText(firstTitle);
  const self = useSelf<Shown>();
  const setPresence = useSetPresence<Shown>();
  useEffect(() => {
    setPresence('name', user);
    setPresence('user', { id: user });
  }, [setPresence]);
  return h(
    'section',
    null,
    h('output', { id: 'status' }, phase),
    h('input', {
      id: 'text',
      value: text,
      onChange: (event: { target: { value: string } }) => setText(event.target.value),
    }),
    h('output', { id: 'map' }, map.count ?? 0),
    h('button', { id: 'count', onClick: () => setField('count', (map.count ?? 0) + 1) }),
    h('output', { id: 'todos' }, todos.map((one) => `${one.title}${one.done ? ' (done)' : ''}`).join(', ')),
    h('button', {
      id: 'add',
      onClick: () => splice(todos.length, 0, { title: user, done: todos.length > 0 }),
    }),
    h('output', { id: 'title' }, title ?? 'none'),
    h('output', { id: 'self' }, `${self?.state.name} ${self?.state.caret ?? 0}`),
    h('button', { id: 'caret', onClick: () => setPresence('caret', (self?.state.caret ?? 0) + 1) }),
  );
}

function Others(): ReactNode {
  const names = useOthers((others) => others.map(({ state }) => String(state['name'])).sort());
  counts.names++;
  return h('output', { id: 'others' }, names.join(', '));
}

function People(): ReactNode {
  const people = usePeople<Shown>();
  const { status } = useRoster();
  const { devices, rename } = useDevices();
  const self = devices?.find(({ isThis }) => isThis);
  return h(
    'section',
    null,
    h('output', { id: 'roster' }, status),
    h('output', { id: 'people' }, peopleText(people)),
    h('output', { id: 'devices' }, devicesText(devices)),
    h('button', { id: 'rename', onClick: () => void (self && rename(self.id, user)) }),
  );
}

export function mountApplication(at: Element): Application {
  let show: (name: string | undefined) => void = () => {};
  function App(): ReactNode {
    const [name, setName] = useState<string | undefined>('one');
    show = setName;
    return h(
      HeddleServer,
      { url, token },
      name &&
        h(HeddleDocument, { name, fallback: h('p', { id: 'loading' }) }, h(Editor), h(Others), h(People)),
    );
  }
  const root = createRoot(at);
  root.render(h(StrictMode, null, h(App)));
  return { show: (name) => show(name), unmount: () => root.unmount() };
}
