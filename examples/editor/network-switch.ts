// The network switch of this window. Its position survives a reload, so that a cut window stays cut.

import { keepFocusOnPress } from './page-elements.js';
import { windowStorage } from './safe-storage.js';

const switchKey = 'heddle-demo.cut';

/** Whether this window was left cut. */
export function wasLeftCut(): boolean {
  return windowStorage.get(switchKey) === '1';
}

/** Makes the button a switch that remembers; `turned` gets the new position. */
export function wireNetworkSwitch(button: HTMLButtonElement, turned: (isOn: boolean) => void): void {
  show(button, !wasLeftCut());
  // Whoever cuts the line types on, and a space would turn it on again.
  keepFocusOnPress(button);
  button.addEventListener('click', () => {
    const isOn = wasLeftCut();
    if (isOn) windowStorage.remove(switchKey);
    else windowStorage.set(switchKey, '1');
    show(button, isOn);
    turned(isOn);
  });
}

function show(button: HTMLButtonElement, isOn: boolean): void {
  button.setAttribute('aria-checked', String(isOn));
  button.title = isOn ? 'Cut this window off from the server' : 'Connect this window again';
}
