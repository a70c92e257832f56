// Lexical in React's strict mode, which mounts everything twice: the provider is connected, disconnected and connected again.

import { LexicalCollaboration } from '@lexical/react/LexicalCollaborationContext';
import { CollaborationPlugin } from '@lexical/react/LexicalCollaborationPlugin';
import { LexicalComposer } from '@lexical/react/LexicalComposer';
import { ContentEditable } from '@lexical/react/LexicalContentEditable';
import { EditorRefPlugin } from '@lexical/react/LexicalEditorRefPlugin';
import { LexicalErrorBoundary } from '@lexical/react/LexicalErrorBoundary';
import { RichTextPlugin } from '@lexical/react/LexicalRichTextPlugin';
import type { Provider } from '@lexical/yjs';
import { $getRoot, type LexicalEditor } from 'lexical';
import { createRef, StrictMode, useRef, type JSX, type RefObject } from 'react';
import { createRoot } from 'react-dom/client';
import * as Y from 'yjs';
import { HeddleProvider } from 'heddle/client';
import type { Opened, Opening } from './opening.js';

type ProviderFactory = (id: string, docs: Map<string, Y.Doc>) => Provider;

interface NoteProps {
  readonly query: Opening;
  readonly providerFactory: ProviderFactory;
  readonly editor: RefObject<LexicalEditor | null>;
}

export function openEditor(element: HTMLElement, query: Opening): Opened {
  const providers: HeddleProvider[] = [];
  const editor = createRef<LexicalEditor>();
  const providerFactory: ProviderFactory = (id, docs) => {
    const doc = new Y.Doc();
    docs.set(id, doc);
    const provider = new HeddleProvider(query.url, id, doc, { connect: false });
    providers.push(provider);
    // Lexical's type wants an awareness that knows its own fields and no others.
    return provider as unknown as Provider;
  };
  const root = createRoot(element);
  root.render(
    <StrictMode>
      <Note query={query} providerFactory={providerFactory} editor={editor} />
    </StrictMode>,
  );
  return {
    get provider() {
      return providers.at(-1)!;
    },
    text: () => (editor.current === null ? '' : textOf(editor.current)),
    destroy() {
      root.unmount();
      for (const provider of providers) provider.destroy();
    },
  };
}

function Note({ query: { name, user }, providerFactory, editor }: NoteProps): JSX.Element {
  const carets = useRef<HTMLDivElement>(null);
  return (
    <LexicalCollaboration>
      <LexicalComposer initialConfig={config}>
        <RichTextPlugin contentEditable={<ContentEditable />} ErrorBoundary={LexicalErrorBoundary} />
        <CollaborationPlugin
          id={name}
          providerFactory={providerFactory}
          shouldBootstrap
          username={user.name}
          cursorColor={user.color}
          cursorsContainerRef={carets}
        />
        <div ref={carets} />
        <EditorRefPlugin editorRef={editor} />
      </LexicalComposer>
    </LexicalCollaboration>
  );
}

const config = {
  namespace: 'note',
  // The document comes from the plugin.
  editorState: null,
  theme: { collaboration: { cursor: 'lexical-cursor', cursorName: 'lexical-cursor-name' } },
  onError(error: Error) {
    throw error;
  },
};

function textOf(editor: LexicalEditor): string {
  const blocks = editor.getEditorState().read(() =>
    $getRoot()
      .getChildren()
      .map((block) => block.getTextContent()),
  );
  return blocks.join('\n');
}
