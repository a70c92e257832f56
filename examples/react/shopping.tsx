// A list that everybody writes, who is here, and where it is kept.

import { useArray, useOthers, useSetPresence, useSyncStatus } from 'heddle/react';
import { useEffect, type FormEvent, type JSX } from 'react';

export function Shopping({ user }: { readonly user: string }): JSX.Element {
  const [items, splice] = useArray<string>('items');
  const { phase } = useSyncStatus();
  const others = useOthers((all) => all.map(({ state }) => String(state['name'])));
  const setPresence = useSetPresence();
  useEffect(() => setPresence('name', user), [setPresence, user]);

  const add = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const text = new FormData(event.currentTarget).get('item');
    if (typeof text === 'string' && text !== '') splice(items.length, 0, text);
    event.currentTarget.reset();
  };
  return (
    <main>
      <h1>Shopping</h1>
      <ul>
        {items.map((item, index) => (
          <li key={index}>
            {item} <button onClick={() => splice(index, 1)}>done</button>
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
