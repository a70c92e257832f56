// Who is in the document, and who was, in one line.

import { createElement as h, type ReactNode } from 'react';
import { usePeople, useRoster } from '../../../../client/react/index.js';

export function People(): ReactNode {
  const { status, people } = useRoster();
  const withClients = usePeople<{ name: string }>();
  const shown = people.map(
    ({ user, isHere, isSelf }) => `${user}${isSelf ? ' (me)' : ''}${isHere ? '' : ' (gone)'}`,
  );
  const joined = withClients.map(
    ({ user, clients }) => `${user}: ${clients.map(({ state }) => state.name ?? '').join('+')}`,
  );
  return h(
    'section',
    null,
    h('output', { id: 'roster' }, `${status}: ${shown.join(', ')}`),
    h('output', { id: 'people' }, joined.sort().join(', ')),
  );
}
