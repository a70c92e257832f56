// Opens the list that the address names: ?name=shopping&user=Ada

import { HeddleDocument, HeddleServer } from 'heddle/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Shopping } from './shopping.js';

const query = new URLSearchParams(location.search);

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <HeddleServer url={query.get('url') ?? '/sync'}>
      <HeddleDocument name={query.get('name') ?? 'shopping'} fallback={<p>Loading</p>}>
        <Shopping user={query.get('user') ?? 'somebody'} />
      </HeddleDocument>
    </HeddleServer>
  </StrictMode>,
);
