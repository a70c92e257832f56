// Who is here: one disc per window that has the document open, from awareness. One's own opens the name dialog.

import type { Awareness } from 'y-protocols/awareness';
import { newElement } from './page-elements.js';

const mostShown = 6;
const fallbackColor = '#64748b';

interface Shown {
  readonly clientId: number;
  readonly name: string;
  readonly color: string;
}

/** Draws everybody who is here into `list`. */
export function showAvatars(list: HTMLElement, awareness: Awareness, editOwnName: () => void): void {
  const everybody = [...awareness.getStates()].map(([clientId, state]) => shown(clientId, state.user));
  const own = everybody.filter(({ clientId }) => clientId === awareness.clientID);
  const others = everybody
    .filter(({ clientId }) => clientId !== awareness.clientID)
    .sort((a, b) => a.clientId - b.clientId);
  const items = own.concat(others.slice(0, mostShown)).map((person) => {
    const isOwn = person.clientId === awareness.clientID;
    return avatarItem(person, isOwn ? editOwnName : undefined);
  });
  if (others.length > mostShown) {
    const item = newElement('li');
    const more = newElement('span', 'avatar more', `+${others.length - mostShown}`);
    more.title = `${others.length - mostShown} more`;
    item.append(more);
    items.push(item);
  }
  // Redrawn only when something changed: carets move all the time, and a redraw drops hover and focus.
  const before = list.dataset.shown;
  list.dataset.shown = JSON.stringify([own, others]);
  if (before !== list.dataset.shown) list.replaceChildren(...items);
}

function avatarItem({ name, color }: Shown, editOwnName: (() => void) | undefined): HTMLLIElement {
  const item = newElement('li');
  const disc = newElement(editOwnName === undefined ? 'span' : 'button', 'avatar', initials(name));
  disc.style.backgroundColor = color;
  disc.title = editOwnName === undefined ? name : `${name}: you. Change your name`;
  disc.setAttribute('aria-label', disc.title);
  if (editOwnName !== undefined) {
    disc.classList.add('own');
    disc.addEventListener('click', editOwnName);
  } else disc.setAttribute('role', 'img');
  item.append(disc);
  return item;
}

// What other windows say about themselves is anybody's text: a name is cut, a colour must be one.
function shown(clientId: number, user: unknown): Shown {
  const { name, color } = (user ?? {}) as { name?: unknown; color?: unknown };
  return {
    clientId,
    name: typeof name === 'string' && name !== '' ? name.slice(0, 48) : 'Somebody',
    color: typeof color === 'string' && /^#[0-9a-f]{6}$/i.test(color) ? color : fallbackColor,
  };
}

function initials(name: string): string {
  const words = name.split(/[\s(]+/).filter((word) => word !== '');
  const letters = words.map((word) => Array.from(word)[0]);
  return letters.slice(0, 2).join('').toUpperCase();
}
