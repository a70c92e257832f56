// The reader's devices: this one marked, each with when it was last here, to be named and to be signed out.

import { ownDevices, type OwnDevice } from '../../client/index.js';
import { askFirst } from '../editor/confirm.js';
import { wireCopyLink } from '../editor/copy-link.js';
import { closableDialog, textDialog } from '../editor/dialogs.js';
import { newElement, pageElement, say } from '../editor/page-elements.js';
import { showToast } from '../editor/toast.js';
import { ownUserId } from '../editor/identity.js';
import { sameReaderLink } from './address.js';
import { whenWords } from './note-list.js';
import type { Notebook } from './notebook.js';

const redrawMs = 30_000;

/** Wires the dialog to the notebook that is open when it is asked for. */
export function wireDevicesDialog(current: () => Notebook): void {
  const view = new DevicesView(current);
  pageElement('devices', HTMLButtonElement).addEventListener('click', () => {
    // The focus goes back to where it was before that one.
    pageElement('notebook-dialog', HTMLDialogElement).close();
    view.open();
  });
}

class DevicesView {
  readonly #dialog = closableDialog('devices-dialog');
  readonly #list = pageElement('device-list', HTMLElement);
  readonly #link = pageElement('same-reader-link', HTMLInputElement);
  readonly #current: () => Notebook;
  #renaming = '';
  readonly #askForName = textDialog('rename-device', (name) => {
    this.#do(ownDevices(this.#current().connection).rename(this.#renaming, name));
    return true;
  });

  constructor(current: () => Notebook) {
    this.#current = current;
    wireCopyLink(pageElement('share-reader', HTMLButtonElement), this.#link, 'Heddle Notes');
  }

  /** Shows the devices, live until the dialog is closed. */
  open(): void {
    const { account, connection, id } = this.#current();
    // With an account one signs in on the other device. A device is signed out where its sign-in was made, or else it comes back.
    pageElement('same-reader', HTMLElement).hidden = account !== undefined;
    pageElement('account-devices', HTMLElement).hidden = account === undefined;
    if (account !== undefined) pageElement('account-devices-link', HTMLAnchorElement).href = account.signIn;
    this.#link.value = sameReaderLink(id, ownUserId());
    const stop = ownDevices(connection).watch(() => this.#draw());
    connection.on('connected', this.#draw);
    // The words for times grow old.
    const timer = setInterval(this.#draw, redrawMs);
    this.#dialog.addEventListener(
      'close',
      () => {
        stop();
        connection.off('connected', this.#draw);
        clearInterval(timer);
      },
      { once: true },
    );
    this.#dialog.showModal();
    this.#draw();
  }

  readonly #draw = (): void => {
    const { connection } = this.#current();
    const devices = ownDevices(connection).current ?? [];
    say(
      'devices-words',
      connection.connected ? '' : 'There is no connection now. This is the list as it was last told.',
    );
    const rows = devices.map((device) => ({ device, when: this.#whenWords(device) }));
    const drawn = JSON.stringify(
      rows.map(({ device: { id, name, platform, address, isThis }, when }) => [
        id,
        name,
        platform,
        address,
        isThis,
        when,
      ]),
    );
    if (this.#list.dataset.drawn === drawn) return;
    this.#list.dataset.drawn = drawn;
    const focused =
      document.activeElement instanceof HTMLElement ? document.activeElement.dataset.key : undefined;
    const hadFocus = this.#list.contains(document.activeElement);
    this.#list.replaceChildren(...rows.map(({ device, when }) => this.#row(device, when)));
    if (!hadFocus) return;
    const again = [...this.#list.querySelectorAll('button')].find(({ dataset }) => dataset.key === focused);
    // The button that was pressed may be gone with its row.
    (again ?? this.#dialog.querySelector<HTMLElement>('[data-close]'))?.focus();
  };

  #whenWords({ isThis, online, lastSeen }: OwnDevice): string {
    if (isThis) return 'This device';
    return online ? 'Online now' : `Last seen ${whenWords(lastSeen, this.#current().now())}`;
  }

  #row(device: OwnDevice, when: string): HTMLLIElement {
    const { id, name, platform, address, isThis, online } = device;
    const shown = name || platform || 'A device without a name';
    const item = newElement('li', 'device');
    item.dataset.testid = 'device';
    const words = newElement('div', 'device-words');
    const state = newElement('span', 'device-state', when);
    state.dataset.online = String(online);
    const about = [name === '' ? '' : platform, address].filter((one) => one !== '').join(', ');
    words.append(newElement('span', 'device-name', shown), state, newElement('span', 'device-about', about));
    const actions = newElement('div', 'button-row');
    actions.append(this.#button(`rename ${id}`, 'Rename', `Rename ${shown}`, () => this.#rename(id, name)));
    // This one is signed out with everything that it keeps, in the dialog of the notebook.
    if (!isThis && this.#current().account === undefined)
      actions.append(
        this.#button(`sign-out ${id}`, 'Sign out', `Sign out ${shown}`, () => void this.#signOut(id, shown)),
      );
    item.append(words, actions);
    return item;
  }

  #button(key: string, label: string, fullLabel: string, press: () => void): HTMLButtonElement {
    const button = newElement('button', 'button small', label);
    button.type = 'button';
    button.dataset.key = key;
    button.setAttribute('aria-label', fullLabel);
    button.addEventListener('click', press);
    return button;
  }

  #rename(id: string, name: string): void {
    this.#renaming = id;
    this.#askForName(name);
  }

  async #signOut(id: string, shown: string): Promise<void> {
    const isSure = await askFirst({
      title: `Sign out “${shown}”?`,
      text:
        'It is disconnected at once. What it has of your notes stays on it until somebody removes it there, ' +
        'and whoever has the link of this notebook can still open it.',
      yes: 'Sign out',
    });
    if (isSure) this.#do(ownDevices(this.#current().connection).signOut(id));
  }

  #do(change: Promise<void>): void {
    change.catch(() => showToast('That could not be done now. Try again when there is a connection.'));
  }
}
