// Tiptap: the extension makes awareness and undo its own; Tiptap's own undo, which knows one user only, is off.

import { Editor } from '@tiptap/core';
import { Collaboration } from '@tiptap/extension-collaboration';
import { CollaborationCaret } from '@tiptap/extension-collaboration-caret';
import { StarterKit } from '@tiptap/starter-kit';
import * as Y from 'yjs';
import { HeddleProvider } from 'heddle/client';
import type { Opened, Opening } from './opening.js';

export function openEditor(element: HTMLElement, { url, name, user }: Opening): Opened {
  const doc = new Y.Doc();
  const provider = new HeddleProvider(url, name, doc);

  const editor = new Editor({
    element: element,
    extensions: [
      StarterKit.configure({ undoRedo: false, trailingNode: false }),
      Collaboration.configure({ document: doc }),
      CollaborationCaret.configure({ provider, user }),
    ],
    onDestroy: () => provider.destroy(),
  });

  return {
    provider,
    text: () => editor.getText({ blockSeparator: '\n' }),
    destroy: () => editor.destroy(),
  };
}
