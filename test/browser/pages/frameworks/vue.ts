// The application in Vue.

import { createApp, defineComponent, h, shallowRef, vModelText, withDirectives } from 'vue';
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
} from '../../../../client/vue/index.js';
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

const Editor = defineComponent(() => {
  providers.add(useProvider());
  const status = useSyncStatus();
  const { text } = useText('text');
  const { map, setField } = useMap<{ count: number }>('map');
  const { array: todos, splice } = useArray<ToDo>('todos');
  const { text: title } = useText(firstTitle);
  const self = useSelf<Shown>();
  const setPresence = useSetPresence<Shown>();
  setPresence('name', user);
  setPresence('user', { id: user });
  return () =>
    h('section', [
      h('output', { id: 'status' }, status.value.phase),
      // <input v-model="text">
      withDirectives(
        h('input', { id: 'text', 'onUpdate:modelValue': (typed: string) => (text.value = typed) }),
        [[vModelText, text.value]],
      ),
      h('output', { id: 'map' }, map.value.count ?? 0),
      h('button', { id: 'count', onClick: () => setField('count', (map.value.count ?? 0) + 1) }),
      h(
        'output',
        { id: 'todos' },
        todos.value.map((one) => `${one.title}${one.done ? ' (done)' : ''}`).join(', '),
      ),
      h('button', {
        id: 'add',
        onClick: () => splice(todos.value.length, 0, { title: user, done: todos.value.length > 0 }),
      }),
      h('output', { id: 'title' }, title.value ?? 'none'),
      h('output', { id: 'self' }, `${self.value?.state.name} ${self.value?.state.caret ?? 0}`),
      h('button', { id: 'caret', onClick: () => setPresence('caret', (self.value?.state.caret ?? 0) + 1) }),
    ]);
});

const Others = defineComponent(() => {
  const names = useOthers((others) => others.map(({ state }) => String(state['name'])).sort());
  return () => {
    counts.names++;
    return h('output', { id: 'others' }, names.value.join(', '));
  };
});

const People = defineComponent(() => {
  const people = usePeople<Shown>();
  const roster = useRoster();
  const { devices, rename } = useDevices();
  return () => {
    const self = devices.value?.find(({ isThis }) => isThis);
    return h('section', [
      h('output', { id: 'roster' }, roster.value.status),
      h('output', { id: 'people' }, peopleText(people.value)),
      h('output', { id: 'devices' }, devicesText(devices.value)),
      h('button', { id: 'rename', onClick: () => void (self && rename(self.id, user)) }),
    ]);
  };
});

export function mountApplication(at: Element): Application {
  const name = shallowRef<string | undefined>('one');
  const content = {
    default: () => [h(Editor), h(Others), h(People)],
    fallback: () => h('p', { id: 'loading' }),
  };
  const app = createApp(() =>
    h(HeddleServer, { url, token }, () =>
      name.value === undefined ? [] : h(HeddleDocument, { name: name.value }, content),
    ),
  );
  app.mount(at);
  return { show: (other) => (name.value = other), unmount: () => app.unmount() };
}
