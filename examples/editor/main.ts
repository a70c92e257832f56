// The demo page: opens the document the URL names and wires the parts of the page to it.

import type { HeddleProvider } from '../../client/index.js';
import { keepAppShell } from './app-shell.js';
import { showAvatars } from './avatars.js';
import { takeDeviceSlot } from './device-slot.js';
import { closableDialog, textDialog } from './dialogs.js';
import { wireDocumentDialog } from './document-dialog.js';
import { keepDocumentList, type DocumentList } from './document-list.js';
import { rememberTitle, setTitle, titleOf } from './document-title.js';
import { ownName, personAtWindow, randomHex, setOwnName } from './identity.js';
import { wasLeftCut, wireNetworkSwitch } from './network-switch.js';
import { OpenDocument } from './open-document.js';
import {
  defaultDocument,
  documentUrl,
  nameFromTitle,
  parsePageAddress,
  type PageAddress,
} from './page-address.js';
import { pageElement, say } from './page-elements.js';
import { wireShareButtons } from './share-buttons.js';
import { wireSidebar } from './sidebar.js';
import { lastSameWords, StatusDialog, type StatusText } from './status-dialog.js';
import { showBanner, showStatus, wireBanner } from './status-view.js';
import { deviceWords, statusWords, type StatusWords } from './status-words.js';
import { fillToolbar } from './toolbar.js';

declare global {
  interface Window {
    /** The parts of the document that is open, for tests and the curious. */
    heddleDemo?: Pick<OpenDocument, 'doc' | 'provider'>;
  }
}

/** A document that was asked for by its title. `title`: as typed, where it is a new one. */
interface Created {
  readonly title?: string;
}

/** The page of this window: one document at a time. */
class Page {
  readonly #slot: number;
  readonly #avatars = pageElement('avatars', HTMLElement);
  readonly #editor = pageElement('editor', HTMLElement);
  readonly #askForOwnName = textDialog('own-name', (name) => this.#rename(name));
  readonly #status = new StatusDialog({
    text: () => this.#statusText(),
    canRetry: () => wordsOf(this.#opened!.provider).refused === 'window',
    retry: () => this.#opened?.provider.connect(),
  });
  #list: DocumentList | undefined;
  #opened: OpenDocument | undefined;

  constructor(slot: number) {
    this.#slot = slot;
  }

  get address(): PageAddress {
    return parsePageAddress(window.location.search);
  }

  /** Wires what stays while documents come and go, and opens the first. */
  start(): void {
    wireNetworkSwitch(pageElement('network-switch', HTMLButtonElement), (isOn) => {
      if (isOn) this.#opened?.provider.connect();
      else this.#opened?.provider.disconnect();
      if (this.#opened !== undefined) this.#draw(this.#opened);
      this.#list?.refresh();
    });
    this.#list = keepDocumentList({
      list: pageElement('document-list', HTMLElement),
      slot: this.#slot,
      current: () => this.address.documentName,
      isCut: wasLeftCut,
      open: (documentName) => this.#goTo(documentName),
    });
    wireSidebar();
    wireBanner(() => this.#tryAgain());
    wireShareButtons(() => this.address.documentName);
    this.#wireDialogs();
    window.addEventListener('popstate', () => this.#show());
    this.#show();
  }

  #wireDialogs(): void {
    wireDocumentDialog({ current: () => this.#opened, leave: () => this.#goTo(defaultDocument) });
    const askForDocument = textDialog('new-document', (title) => this.#create(title));
    pageElement('new-document', HTMLButtonElement).addEventListener('click', () => {
      askForDocument(`notes-${randomHex(2)}`);
    });
    const about = closableDialog('about-dialog');
    pageElement('about', HTMLButtonElement).addEventListener('click', () => about.showModal());
  }

  /** Begins a document under this title, or opens the one that is there already. Returns false where there is no title. */
  #create(title: string): boolean {
    if (title === '') return false;
    // Of a title without letters and digits nothing is left for an address.
    const name = nameFromTitle(title) || `document-${randomHex(4)}`;
    this.#goTo(name, this.#list?.has(name) === true ? {} : { title });
    return true;
  }

  /** Opens another document without loading the page again: it works while the server is away. */
  #goTo(documentName: string, created?: Created): void {
    window.history.pushState(null, '', documentUrl(documentName, 'write'));
    this.#show(created);
  }

  #tryAgain(): void {
    if (this.#opened === undefined) return;
    const { provider } = this.#opened;
    if (wordsOf(provider).refused === 'deleted') provider.revive();
    else provider.connect();
  }

  #show(created?: Created): void {
    this.#opened?.close();
    const { address } = this;
    pageElement('toolbar', HTMLElement).replaceChildren();
    const opened = new OpenDocument({
      address,
      slot: this.#slot,
      isCut: wasLeftCut(),
      changed: (changed) => this.#draw(changed),
    });
    const { doc, provider } = opened;
    this.#opened = opened;
    window.heddleDemo = { doc, provider };
    doc.getMap('about').observe(() => this.#draw(opened));
    this.#draw(opened);
    void this.#bringUp(opened, created);
  }

  async #bringUp(opened: OpenDocument, created: Created | undefined): Promise<void> {
    await opened.load(this.#editor, this.#slot);
    if (opened.isClosed || opened.editor === undefined) return;
    fillToolbar(pageElement('toolbar', HTMLElement), opened.editor);
    if (created !== undefined) {
      const { doc, address, editor } = opened;
      const { title } = created;
      if (title !== undefined && title !== titleOf(doc, address.documentName)) setTitle(doc, title);
      editor.commands.focus('end');
    }
    this.#list?.refresh();
  }

  #draw({ address: { documentName, access }, doc, provider }: OpenDocument): void {
    const title = titleOf(doc, documentName);
    say('title', title);
    document.title = `${title} · Heddle`;
    // Before the copy is read the document has no title yet.
    if (provider.status.phase !== 'loading') rememberTitle(documentName, title);
    const words = wordsOf(provider);
    showStatus(words, provider.status);
    showBanner(words, access === 'read');
    say('device-note', deviceWords(provider.status, this.#slot));
    this.#status.refresh();
    showAvatars(this.#avatars, provider.awareness, () => this.#askForOwnName(ownName()));
  }

  #statusText(): StatusText {
    const { provider } = this.#opened!;
    const { label: title, detail, technical } = wordsOf(provider);
    const device = deviceWords(provider.status, this.#slot);
    return { title, detail, device, last: lastSameWords(provider.status.lastSyncedAt), technical };
  }

  #rename(name: string): boolean {
    if (name === '') return false;
    setOwnName(name);
    this.#opened?.editor?.commands.updateUser({ ...personAtWindow(this.#slot) });
    return true;
  }
}

function wordsOf(provider: HeddleProvider): StatusWords {
  const { status, synced: isSynced, wsconnecting: isConnecting } = provider;
  return statusWords({ status, isCut: wasLeftCut(), isSynced, isConnecting });
}

// While the switch is off nothing is asked for, not even a newer page.
void keepAppShell('./sw.js', () => !wasLeftCut());
new Page(await takeDeviceSlot()).start();
