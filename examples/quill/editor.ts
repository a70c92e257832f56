// Quill: its own undo, told to leave alone what the others do.

import Quill from 'quill';
import 'quill/dist/quill.snow.css';
import QuillCursors from 'quill-cursors';
import { QuillBinding } from 'y-quill';
import * as Y from 'yjs';
import { HeddleProvider } from 'heddle/client';
import type { Opened, Opening } from './opening.js';

export function openEditor(element: HTMLElement, { url, name, user }: Opening): Opened {
  const doc = new Y.Doc();
  const provider = new HeddleProvider(url, name, doc);
  provider.awareness.setLocalStateField('user', user);

  Quill.register('modules/cursors', QuillCursors);
  const quill = new Quill(element, {
    theme: 'snow',
    modules: { cursors: true, toolbar: false, history: { userOnly: true } },
  });
  const binding = new QuillBinding(doc.getText('quill'), quill, provider.awareness);

  return {
    provider,
    // Quill keeps a line end after the last line.
    text: () => quill.getText().replace(/\n$/, ''),
    destroy() {
      binding.destroy();
      provider.destroy();
    },
  };
}
