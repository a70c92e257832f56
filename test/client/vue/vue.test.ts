// heddle/vue on Vue's own reactivity, on providers of a real server.

import { effectScope, nextTick, ref, shallowRef, watchEffect } from 'vue';
import { expect, onTestFinished, test } from 'vitest';
import * as Y from 'yjs';
import { HeddleConnection, HeddleProvider } from '../../../client/index.js';
import {
  useArray,
  useConnectionState,
  useMap,
  useOthers,
  useSelf,
  useSetPresence,
  useSyncStatus,
  useText,
} from '../../../client/vue/index.js';
import { serverForTest } from '../../support/test-server.js';

const patience = { timeout: 10_000 };

interface Shown {
  readonly name: string;
  readonly caret?: number;
}

/** Providers of one server, each on a connection of its own. */
async function providers(...names: string[]): Promise<HeddleProvider[]> {
  const { url } = await serverForTest();
  return names.map((name) => {
    const connection = new HeddleConnection(url);
    const provider = new HeddleProvider(url, name, new Y.Doc(), { connection, tabs: false });
    onTestFinished(() => {
      provider.destroy();
      connection.destroy();
    });
    return provider;
  });
}

const countListeners = ({ awareness, connection, doc, ...provider }: HeddleProvider): number =>
  [provider, awareness, connection]
    .flatMap((one) => [...(one as unknown as { _observers: Map<string, Set<unknown>> })._observers.values()])
    .reduce((sum, { size }) => sum + size, doc.getText('text')._eH.l.length);

test('K71 Vue shows status, presence and shared types, and what one writes the other shows', async () => {
  const [ann, ben] = (await providers('one', 'one')) as [HeddleProvider, HeddleProvider];
  const scope = effectScope();
  onTestFinished(() => scope.stop());
  await scope.run(async () => {
    const status = useSyncStatus(ann);
    const state = useConnectionState(() => ann);
    const { text, setText, type } = useText('text', ann);
    const { map, setField } = useMap<{ done: boolean }>('map', shallowRef(ann));
    const { array, splice } = useArray<string>('array', ann);
    const shown = useText('text', ben);
    const [mapShown, arrayShown] = [useMap('map', ben).map, useArray('array', ben).array];
    text.value = 'hello';
    setText('hello there');
    expect([text.value, type.value.toJSON()]).toEqual(['hello there', 'hello there']);
    setField('done', true);
    splice(0, 0, 'a', 'b');
    expect([map.value, array.value]).toEqual([{ done: true }, ['a', 'b']]);
    await expect
      .poll(() => [shown.text.value, mapShown.value, arrayShown.value], patience)
      .toEqual(['hello there', { done: true }, ['a', 'b']]);
    await expect.poll(() => [status.value.phase, state.value], patience).toEqual(['synced', 'open']);
  });
});

test('K71 Vue follows another provider and another source, and leaves no listener behind', async () => {
  const [one, two] = (await providers('one', 'two')) as [HeddleProvider, HeddleProvider];
  one.doc.getText('text').insert(0, 'of one');
  two.doc.getText('text').insert(0, 'of two');
  two.doc.getMap('map').set('title', new Y.Text('a title'));
  await Promise.all([one.whenSynced, two.whenSynced]);
  const before = [one, two].map(countListeners);
  const scope = effectScope();
  scope.run(() => {
    // A deep ref makes a proxy of what it holds.
    const provider = ref(one) as unknown as { value: HeddleProvider };
    const source = shallowRef<string | readonly [string, string]>('text');
    const { text } = useText(source, () => provider.value);
    const all = [useSyncStatus, useConnectionState, useSelf].map((use) => use(() => provider.value));
    expect(text.value).toBe('of one');
    expect(countListeners(one)).toBeGreaterThan(before[0]!);
    provider.value = two;
    expect(text.value).toBe('of two');
    expect(countListeners(one)).toBe(before[0]);
    source.value = ['map', 'title'];
    expect(text.value).toBe('a title');
    for (const { value } of all) expect(value).toBeDefined();
  });
  scope.stop();
  expect([one, two].map(countListeners)).toEqual(before);
});

test('K72 Vue runs an effect again only when what it shows is different', async () => {
  const [ann, ben] = (await providers('one', 'one')) as [HeddleProvider, HeddleProvider];
  const scope = effectScope();
  onTestFinished(() => scope.stop());
  await scope.run(async () => {
    const seen: unknown[] = [];
    const isLoud = ref(false);
    const names = useOthers(
      (others) =>
        others.map(({ state }) => (isLoud.value ? String(state['name']).toUpperCase() : state['name'])),
      ann,
    );
    watchEffect(() => seen.push(names.value));
    const { text, type } = useText('text', ann);
    const texts: unknown[] = [];
    watchEffect(() => texts.push(text.value));
    const setPresence = useSetPresence<Shown>(ben);
    setPresence('name', 'Ben');
    await expect.poll(() => seen.at(-1), patience).toEqual(['Ben']);
    const runs = seen.length;
    for (const caret of [1, 2, 3]) setPresence('caret', caret);
    await expect.poll(() => [...ann.awareness.getStates().values()].at(-1)?.['caret'], patience).toBe(3);
    type.value.insert(0, 'x');
    await nextTick();
    type.value.format(0, 1, { bold: true });
    await nextTick();
    expect(seen.length).toBe(runs);
    expect(texts).toEqual(['', 'x']);
    isLoud.value = true;
    await nextTick();
    expect(seen.at(-1)).toEqual(['BEN']);
  });
});
