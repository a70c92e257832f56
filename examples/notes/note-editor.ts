// The editor of one note: Tiptap on its document. Knows no list and no status.

import { Editor } from '@tiptap/core';
import { Collaboration } from '@tiptap/extension-collaboration';
import { CollaborationCaret } from '@tiptap/extension-collaboration-caret';
import { StarterKit } from '@tiptap/starter-kit';
import { personAtWindow } from '../editor/identity.js';
import type { OpenNote } from './open-note.js';

/** Puts an editor into `element`. Call `destroy()` on it before the note is closed. */
export function createNoteEditor(
  element: HTMLElement,
  note: Pick<OpenNote, 'text' | 'provider'>,
  isEditable = true,
): Editor {
  const editor = new Editor({
    element,
    editable: isEditable,
    // Its few rules are in the style sheets: a page under a strict content security policy may not inject any.
    injectCSS: false,
    editorProps: { attributes: { 'aria-label': 'Note', role: 'textbox', 'aria-multiline': 'true' } },
    extensions: [
      // Undo is by Yjs, so that one takes back one's own edits only; a paragraph that adds itself would be an edit.
      StarterKit.configure({ undoRedo: false, trailingNode: false }),
      Collaboration.configure({ fragment: note.text }),
      CollaborationCaret.configure({ provider: note.provider, user: { ...personAtWindow(1) } }),
    ],
  });
  const markEmpty = (): void => {
    element.dataset.empty = String(editor.isEmpty);
  };
  editor.on('transaction', markEmpty);
  markEmpty();
  return editor;
}
