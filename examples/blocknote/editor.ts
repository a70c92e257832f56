// BlockNote without React. Core 0.51: later ones ask for pre-releases of Yjs 14 as well.

import { BlockNoteEditor } from '@blocknote/core';
import '@blocknote/core/style.css';
import * as Y from 'yjs';
import { HeddleProvider } from 'heddle/client';
import type { Opened, Opening } from './opening.js';

export function openEditor(element: HTMLElement, { url, name, user }: Opening): Opened {
  const doc = new Y.Doc();
  const provider = new HeddleProvider(url, name, doc);

  const editor = BlockNoteEditor.create({
    collaboration: { fragment: doc.getXmlFragment('blocknote'), provider, user },
  });
  editor.mount(element);

  return {
    provider,
    text: () => editor.prosemirrorState.doc.textBetween(0, editor.prosemirrorState.doc.content.size, '\n'),
    destroy() {
      editor.unmount();
      provider.destroy();
    },
  };
}
