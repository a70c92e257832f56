// A page with one document and nothing else: `?server=ws://…&name=…`, and whatever else is an option of the provider. With
// `show=no` it does not show the text, which takes long where it is large.

import * as Y from 'yjs';
import { HeddleProvider, type SyncStatus } from '../../../../client/index.js';

declare global {
  interface Window {
    app: {
      readonly doc: Y.Doc;
      readonly provider: HeddleProvider;
      /** Each status since the page was loaded, the present one last. */
      readonly statuses: SyncStatus[];
      text(): string;
      type(text: string): void;
    };
  }
}

const query = new URLSearchParams(location.search);
const option = (name: string): string | undefined => query.get(name) ?? undefined;

const doc = new Y.Doc();
const provider = new HeddleProvider(option('server') ?? location.href, option('name') ?? 'doc', doc, {
  token: option('token'),
  tokenStorageKey: option('storageKey'),
  httpFallback: option('http') !== 'no',
});
const content = doc.getText('text');
const statuses = [provider.status];

function show(): void {
  document.querySelector('#status')!.textContent = JSON.stringify(provider.status, undefined, 2);
  if (option('show') !== 'no') document.querySelector('#text')!.textContent = content.toString();
}

provider.on('sync-status', (status) => {
  statuses.push(status);
  show();
});
content.observe(show);
show();

window.app = {
  doc,
  provider,
  statuses,
  text: () => content.toString(),
  type(text) {
    for (const letter of text) content.insert(content.length, letter);
  },
};
