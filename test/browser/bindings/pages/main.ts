// Opens the editor that the address asks for. Each is a chunk of its own.

import type { OpenEditor } from './binding.js';

const editors: Readonly<Record<string, () => Promise<{ readonly openEditor: OpenEditor }>>> = {
  blocknote: () => import('./blocknote.js'),
  codemirror: () => import('./codemirror.js'),
  lexical: () => import('./lexical.js'),
  monaco: () => import('./monaco.js'),
  prosemirror: () => import('./prosemirror.js'),
  quill: () => import('./quill.js'),
  tiptap: () => import('./tiptap.js'),
};

const query = new URLSearchParams(location.search);

function get(key: string): string {
  const value = query.get(key);
  if (value === null) throw new Error(`the address has no ${key}`);
  return value;
}

const load = editors[get('editor')];
const element = document.getElementById('editor');
if (load === undefined || element === null) throw new Error('there is no such editor, or no place for it');
const { openEditor } = await load();
window.binding = openEditor(element, {
  url: get('url'),
  name: get('name'),
  user: { name: get('user'), color: get('color') },
  isFirst: query.has('first'),
});
