// ProseMirror without a framework around it.

import { baseKeymap, toggleMark } from '@tiptap/pm/commands';
import { keymap } from '@tiptap/pm/keymap';
import { Schema } from '@tiptap/pm/model';
import { EditorState } from '@tiptap/pm/state';
import { EditorView } from '@tiptap/pm/view';
import { redo, undo, yCursorPlugin, ySyncPlugin, yUndoPlugin } from 'y-prosemirror';
import * as Y from 'yjs';
import { HeddleProvider } from 'heddle/client';
import type { Opened, Opening } from './opening.js';

export function openEditor(element: HTMLElement, { url, name, user }: Opening): Opened {
  const doc = new Y.Doc();
  const provider = new HeddleProvider(url, name, doc);
  provider.awareness.setLocalStateField('user', user);

  const schema = new Schema({
    nodes: {
      doc: { content: 'paragraph+' },
      paragraph: { content: 'text*', toDOM: () => ['p', 0], parseDOM: [{ tag: 'p' }] },
      text: {},
    },
    marks: { strong: { toDOM: () => ['strong', 0], parseDOM: [{ tag: 'strong' }] } },
  });
  const view = new EditorView(element, {
    state: EditorState.create({
      schema,
      plugins: [
        ySyncPlugin(doc.getXmlFragment('prosemirror')),
        yCursorPlugin(provider.awareness),
        yUndoPlugin(),
        keymap({ 'Mod-z': undo, 'Mod-y': redo, 'Mod-b': toggleMark(schema.marks.strong) }),
        keymap(baseKeymap),
      ],
    }),
  });

  return {
    provider,
    text: () => view.state.doc.textBetween(0, view.state.doc.content.size, '\n'),
    destroy() {
      view.destroy();
      provider.destroy();
    },
  };
}
