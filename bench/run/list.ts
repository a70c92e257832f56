// The text of `heddle bench --list`.

import type { Choice } from './request.js';

/** Scenarios with what they need, targets with what they are. */
export function listText({ scenarios, targets }: Choice): string {
  const scenarioRows = scenarios.map(({ id, title, needs, needsTrace, passesOver = [] }) => {
    const wants = [...needs, ...(needsTrace === true ? ['--trace'] : [])];
    const remarks = [
      ...(wants.length > 0 ? [`needs ${wants.join(', ')}`] : []),
      ...(passesOver.length > 0
        ? [`passes over ${passesOver.flatMap(({ targets }) => targets).join(', ')}`]
        : []),
    ];
    return [id, remarks.length > 0 ? `${title} (${remarks.join('; ')})` : title] as const;
  });
  const targetRows = targets.map(({ name, description }) => [name, description] as const);
  return `Scenarios\n${rows(scenarioRows)}\n\nTargets\n${rows(targetRows)}\n`;
}

function rows(pairs: readonly (readonly [name: string, text: string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length)) + 2;
  return pairs.map(([name, text]) => `  ${name.padEnd(width)}${text}`).join('\n');
}
