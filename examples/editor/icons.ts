// The page's icons: strokes on a 20 by 20 grid, in the colour of the text around them.

const paths = {
  menu: 'M3 5.5h14M3 10h14M3 14.5h9',
  undo: 'M7 4 3.5 7.5 7 11M3.5 7.5H12a4.25 4.25 0 0 1 0 8.5H8',
  redo: 'M13 4l3.5 3.5L13 11M16.5 7.5H8a4.25 4.25 0 0 0 0 8.5h4',
  code: 'M7 6 3 10l4 4M13 6l4 4-4 4',
  bulletList: 'M8 5h9M8 10h9M8 15h9M3.5 5h.01M3.5 10h.01M3.5 15h.01',
  orderedList: 'M9 5h8M9 10h8M9 15h8M3 3.5h1.2V7M3 12.2c.3-.8 2-.9 2 .2 0 .9-2 1.4-2 2.8h2.2',
  quote: 'M4 4v12M8 6h9M8 10h9M8 14h6',
  codeBlock:
    'M4.5 3.5h11a1 1 0 0 1 1 1v11a1 1 0 0 1-1 1h-11a1 1 0 0 1-1-1v-11a1 1 0 0 1 1-1ZM8.5 8 6.5 10l2 2M11.5 8l2 2-2 2',
  window: 'M8 4H4.5a1 1 0 0 0-1 1v10.5a1 1 0 0 0 1 1H15a1 1 0 0 0 1-1V12M11.5 3.5h5v5M16.2 3.8 9.5 10.5',
  link: 'M8.5 11.5a3 3 0 0 0 4.3 0l3-3a3 3 0 0 0-4.3-4.3l-1 1M11.5 8.5a3 3 0 0 0-4.3 0l-3 3a3 3 0 0 0 4.3 4.3l1-1',
} as const;

export type IconName = keyof typeof paths;

/** A new icon; hidden from screen readers, so whatever holds it needs a label. */
export function newIcon(name: IconName): SVGSVGElement {
  const namespace = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(namespace, 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(namespace, 'path');
  path.setAttribute('d', paths[name]);
  svg.append(path);
  return svg;
}
