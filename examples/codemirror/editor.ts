// CodeMirror 6: the binding brings the undo.

import { EditorState } from '@codemirror/state';
import { keymap } from '@codemirror/view';
import { EditorView, minimalSetup } from 'codemirror';
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next';
import * as Y from 'yjs';
import { HeddleProvider } from 'heddle/client';
import type { Opened, Opening } from './opening.js';

export function openEditor(element: HTMLElement, { url, name, user }: Opening): Opened {
  const doc = new Y.Doc();
  const provider = new HeddleProvider(url, name, doc);
  provider.awareness.setLocalStateField('user', { ...user, colorLight: `${user.color}33` });

  const text = doc.getText('codemirror');
  const view = new EditorView({
    parent: element,
    state: EditorState.create({
      doc: text.toJSON(),
      extensions: [keymap.of(yUndoManagerKeymap), minimalSetup, yCollab(text, provider.awareness)],
    }),
  });

  return {
    provider,
    text: () => view.state.doc.toString(),
    destroy() {
      view.destroy();
      provider.destroy();
    },
  };
}
