// On narrow screens the left column is a drawer.

import { newIcon } from './icons.js';
import { pageElement } from './page-elements.js';

/** Wires the drawer's button, its shade and Escape; choosing a document closes it. */
export function wireSidebar(): void {
  const sidebar = pageElement('sidebar', HTMLElement);
  const shade = pageElement('sidebar-shade', HTMLElement);
  const toggle = pageElement('sidebar-toggle', HTMLButtonElement);
  toggle.append(newIcon('menu'));
  const setOpen = (isOpen: boolean): void => {
    sidebar.classList.toggle('open', isOpen);
    shade.hidden = !isOpen;
    toggle.setAttribute('aria-expanded', String(isOpen));
    // The drawer stands before the button in the order of the keyboard.
    if (isOpen) sidebar.querySelector<HTMLElement>('button, a')?.focus();
  };
  toggle.addEventListener('click', () => setOpen(toggle.getAttribute('aria-expanded') !== 'true'));
  shade.addEventListener('click', () => setOpen(false));
  sidebar.addEventListener('click', (event) => {
    if (event.target instanceof Element && event.target.closest('a, button') !== null) setOpen(false);
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !sidebar.classList.contains('open')) return;
    setOpen(false);
    toggle.focus();
  });
}
