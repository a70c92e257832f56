// A list that everybody writes, who is here, and where it is kept.

import { useDoc, useOthers, useSetPresence, useSyncStatus } from 'heddle/react';
import { useEffect, useReducer, type FormEvent, type JSX } from 'react';
import type * as Y from 'yjs';

export function Shopping({ user }: { readonly user: string }): JSX.Element {
  const items = useItems();
  const { phase } = useSyncStatus();
  const others = useOthers((all) => all.map(({ state }) => String(state['name'])));
  const setPresence = useSetPresence();
  useEffect(() => setPresence('name', user), [setPresence, user]);

  const add = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const text = new FormData(event.currentTarget).get('item');
    if (typeof text === 'string' && text !== '') items.push([text]);
    event.currentTarget.reset();
  };
  return (
    <main>
      <h1>Shopping</h1>
      <ul>
        {items.map((item, index) => (
          <li key={index}>
            {item} <button onClick={() => items.delete(index)}>done</button>
          </li>
        ))}
      </ul>
      <form onSubmit={add}>
        <input name="item" placeholder="Something to buy" autoComplete="off" />
        <button>add</button>
      </form>
      <p id="others">Here too: {others.join(', ') || 'nobody'}</p>
      <p id="status">{phase}</p>
    </main>
  );
}

/** The list of the document around; the component is rendered again when it changes. */
function useItems(): Y.Array<string> {
  const items = useDoc().getArray<string>('items');
  const [, changed] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    items.observe(changed);
    return () => items.unobserve(changed);
  }, [items]);
  return items;
}
