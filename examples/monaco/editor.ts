// Monaco: undo and the names at the carets are left to the application.

import { editor as monaco, KeyCode, KeyMod } from 'monaco-editor/editor/editor.api.js';
import { MonacoBinding } from 'y-monaco';
import * as Y from 'yjs';
import { HeddleProvider } from 'heddle/client';
import type { Opened, Opening, User } from './opening.js';

export function openEditor(element: HTMLElement, { url, name, user }: Opening): Opened {
  const doc = new Y.Doc();
  const provider = new HeddleProvider(url, name, doc);
  provider.awareness.setLocalStateField('user', user);

  window.MonacoEnvironment = {
    getWorker: () => new Worker(new URL('monaco-worker.ts', import.meta.url), { type: 'module' }),
  };
  element.className = 'monaco';
  const editor = monaco.create(element, { automaticLayout: true, minimap: { enabled: false } });
  const text = doc.getText('monaco');
  const binding = new MonacoBinding(text, editor.getModel()!, new Set([editor]), provider.awareness);

  // Monaco's own undo knows nothing of what the others have typed.
  const undoManager = new Y.UndoManager(text, { trackedOrigins: new Set([binding]) });
  editor.addCommand(KeyMod.CtrlCmd | KeyCode.KeyZ, () => undoManager.undo());
  editor.addCommand(KeyMod.CtrlCmd | KeyCode.KeyY, () => undoManager.redo());

  // Names and colours of the others are for the application to draw: y-monaco gives each caret a class.
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  provider.awareness.on('change', () => {
    sheet.replaceSync('');
    for (const [id, state] of provider.awareness.getStates()) nameCaret(sheet, id, state['user'] as User);
  });

  return {
    provider,
    text: () => editor.getValue(),
    destroy() {
      undoManager.destroy();
      binding.destroy();
      editor.getModel()?.dispose();
      editor.dispose();
      provider.destroy();
    },
  };
}

function nameCaret(sheet: CSSStyleSheet, clientId: number, { name, color }: User): void {
  const rule = sheet.cssRules[sheet.insertRule(`.yRemoteSelectionHead-${clientId} {}`)] as CSSStyleRule;
  rule.style.setProperty('--name', JSON.stringify(name));
  rule.style.setProperty('--color', color);
}
