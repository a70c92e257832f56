// The page: a list of the team. It asks the application for its token, and says so where nobody is logged in.

import { HeddleProvider, LoginRequired } from 'heddle/client';
import * as Y from 'yjs';

const doc = new Y.Doc();
const lines = doc.getArray('lines');
const provider = new HeddleProvider('/sync', 'team/lines', doc, {
  async token() {
    const response = await fetch('/api/sync-token');
    if (response.status === 401) throw new LoginRequired();
    return response.text();
  },
});

const find = (selector) => document.querySelector(selector);
lines.observe(() => find('ul').replaceChildren(...lines.map(entry)));
provider.on('sync-status', ({ phase, reason }) => {
  find('#status').textContent = reason?.kind === 'login-required' ? 'log in first' : phase;
});
find('#add').addEventListener('click', () =>
  lines.push([`${provider.connection.claims?.sub}: ${new Date().toLocaleTimeString()}`]),
);
find('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  await fetch(`/login/${event.target.elements.user.value}`, { method: 'POST' });
  location.reload();
});

function entry(text) {
  const item = document.createElement('li');
  item.textContent = text;
  return item;
}
