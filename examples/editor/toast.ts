// One short message at the foot of the page, with something to press perhaps. It waits while it is pointed at or focused.

import { pageElement } from './page-elements.js';

const shownMs = 8_000;

/** What can be done about a message. */
interface ToastAction {
  readonly label: string;
  readonly run: () => void;
  /** The message stays until it is answered. */
  readonly stays?: boolean;
}

class Toast {
  readonly #element = pageElement('toast', HTMLElement);
  readonly #text = pageElement('toast-text', HTMLElement);
  readonly #button = pageElement('toast-action', HTMLButtonElement);
  #action: ToastAction | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.#button.addEventListener('click', () => {
      this.#hide();
      this.#action?.run();
    });
    const hold = (): void => clearTimeout(this.#timer);
    const letGo = (): void => this.#hideLater();
    this.#element.addEventListener('pointerenter', hold);
    this.#element.addEventListener('focusin', hold);
    this.#element.addEventListener('pointerleave', letGo);
    this.#element.addEventListener('focusout', letGo);
  }

  show(text: string, action: ToastAction | undefined): void {
    this.#action = action;
    this.#text.textContent = text;
    this.#button.hidden = action === undefined;
    this.#button.textContent = action?.label ?? '';
    this.#element.classList.add('shown');
    this.#hideLater();
  }

  #hideLater(): void {
    clearTimeout(this.#timer);
    if (this.#action?.stays !== true) this.#timer = setTimeout(() => this.#hide(), shownMs);
  }

  #hide(): void {
    clearTimeout(this.#timer);
    this.#element.classList.remove('shown');
  }
}

const toast = new Toast();

/** Shows a message instead of the one that is there. */
export function showToast(text: string, action?: ToastAction): void {
  toast.show(text, action);
}
