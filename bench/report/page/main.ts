// Draws the plots of the page from the results in it, and again when their room changes.

import type { Results } from '../../results.js';
import { plotsOf, type LinePlot } from '../html/plots.js';
import { drawLines } from './draw-lines.js';

const results = JSON.parse(document.getElementById('results')!.textContent) as Results;

for (const place of document.querySelectorAll<HTMLElement>('.plot')) {
  const { scenario = '', kind } = place.dataset;
  const plot = plotsOf(results, scenario).find((plot) => plot.kind === kind);
  if (plot !== undefined) keepDrawn(place, plot);
}

function keepDrawn(place: HTMLElement, plot: LinePlot): void {
  let drawnWidth = 0;
  new ResizeObserver(() => {
    const width = Math.floor(place.clientWidth);
    if (width === 0 || width === drawnWidth) return;
    drawnWidth = width;
    place.replaceChildren(drawLines(plot, width));
  }).observe(place);
}
