// One note to be read, by a link that somebody has handed on: no list, no edits, and nothing kept on this device.

import * as Y from 'yjs';
import { HeddleConnection, HeddleProvider } from '../../client/index.js';
import { shellProblem, shellState } from '../editor/app-shell.js';
import { pageElement, say } from '../editor/page-elements.js';
import { appStatus } from './app-status.js';
import { createNoteEditor } from './note-editor.js';
import { summarise } from './note-text.js';
import { StatusView } from './status-view.js';
import { requestNotebookToken } from './token.js';

/** Shows the note for as long as the page lives. The server gives this window the right to read it, and no other one. */
export function readNote(notebook: string, note: string): void {
  document.body.dataset.view = 'read';
  pageElement('reader-note', HTMLElement).hidden = false;
  const doc = new Y.Doc();
  const text = doc.getXmlFragment('default');
  const connection = new HeddleConnection(new URL('..', document.baseURI).href, {
    token: () => requestNotebookToken(notebook, note),
  });
  const provider = new HeddleProvider(connection.url, `notebook/${notebook}/${note}`, doc, {
    connection,
    offline: false,
    tabs: false,
  });
  const view = new StatusView(
    () => ({ lastSyncedAt: provider.status.lastSyncedAt, shell: shellState, shellProblem }),
    () => connection.connect(),
  );
  const element = pageElement('editor', HTMLElement);
  createNoteEditor(element, { text, provider }, false);
  const draw = (): void => {
    const status = appStatus({
      documents: [provider.status],
      reasons: [],
      waitingNotes: 0,
      waitingChanges: 0,
    });
    view.show({ ...status, device: 'Keeps nothing of this note: it is only shown.' });
    const isHere = text.length > 0 || provider.synced;
    element.hidden = !isHere;
    pageElement('note-hint', HTMLElement).hidden = isHere;
    say('note-hint', status.phase === 'refused' ? status.server : 'The note comes from the server.');
    document.title = `${summarise(text).title || 'A note'} · Heddle Notes`;
  };
  provider.on('sync-status', draw);
  doc.on('update', draw);
  // A link to something else opens the app anew.
  window.addEventListener('hashchange', () => window.location.reload());
  draw();
}
