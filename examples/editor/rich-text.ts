// The Tiptap editor on a Yjs document. Knows nothing of tokens, switches or windows.

import { Editor } from '@tiptap/core';
import { Collaboration } from '@tiptap/extension-collaboration';
import { CollaborationCaret } from '@tiptap/extension-collaboration-caret';
import { StarterKit } from '@tiptap/starter-kit';
import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';
import type { Person } from './identity.js';

interface RichTextOptions {
  readonly element: HTMLElement;
  readonly doc: Y.Doc;
  /** For the carets of the others. */
  readonly provider: { readonly awareness: Awareness };
  readonly person: Person;
  readonly isEditable: boolean;
}

/** px. */
const besideHead = { top: 130, bottom: 24, left: 0, right: 0 };

/** Puts an editor into `element`. Call `destroy()` on it before the document or the provider goes. */
export function createRichText({ element, doc, provider, person, isEditable }: RichTextOptions): Editor {
  const editor = new Editor({
    element,
    editable: isEditable,
    // Its few rules are in styles/text.css: a page under a strict content security policy may not inject any.
    injectCSS: false,
    editorProps: {
      attributes: { 'aria-label': 'Text', role: 'textbox', 'aria-multiline': 'true' },
      // The caret is not to be behind the head of the page, which stays while the text scrolls.
      scrollThreshold: besideHead,
      scrollMargin: besideHead,
    },
    extensions: [
      StarterKit.configure({
        // Undo is by Yjs, so that one takes back one's own edits only.
        undoRedo: false,
        // It writes in answer to what others write: two windows would both add a paragraph, a read-only one would be refused.
        trailingNode: false,
      }),
      Collaboration.configure({ document: doc }),
      CollaborationCaret.configure({ provider, user: { ...person } }),
    ],
  });
  const markEmpty = (): void => {
    element.dataset.empty = String(editor.isEmpty);
  };
  editor.on('transaction', markEmpty);
  markEmpty();
  return editor;
}
