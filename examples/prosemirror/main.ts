// Opens the editor on the document and for the person that the address names: ?name=notes&user=Ada

import { openEditor } from './editor.js';

const query = new URLSearchParams(location.search);
const names = ['Ada', 'Bo', 'Cleo', 'Dov'];
const colors = ['#b3261e', '#1b5e9b', '#2e7d32', '#6a1b9a'];
const chosen = Math.floor(Math.random() * names.length);

const editor = openEditor(document.getElementById('editor')!, {
  url: query.get('url') ?? '/sync',
  name: query.get('name') ?? 'notes',
  user: { name: query.get('user') ?? names[chosen]!, color: query.get('color') ?? colors[chosen]! },
});

// To look at from the console: editor.provider.status
Object.assign(window, { editor });
