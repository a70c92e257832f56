// Who one is in the example pages: made-up names, and colours.

import { describe, expect, test } from 'vitest';
import { colorOf, inventName } from '../../examples/editor/identity.js';

const users = Array.from({ length: 5_000 }, (_, i) => i.toString(16).padStart(16, '7'));

describe('who one is', () => {
  test('U59 a colour says nothing about the name: who share a temper have all colours, and so have those who share a bird', () => {
    for (const part of [0, 1]) {
      const colors = new Map<string, Set<string>>();
      for (const user of users) {
        const word = inventName(user).split(' ')[part]!;
        colors.set(word, (colors.get(word) ?? new Set()).add(colorOf(user, 1)));
      }
      expect(colors.size).toBe(32);
      for (const [word, found] of colors) expect(found.size, word).toBeGreaterThan(18);
    }
  });

  test('U59 of twelve people two with one name are rare, and two with one name and one colour are hardly seen', () => {
    let names = 0;
    let twins = 0;
    const rooms = Math.floor(users.length / 12);
    for (let room = 0; room < rooms; room++) {
      const people = users.slice(room * 12, room * 12 + 12);
      if (new Set(people.map(inventName)).size < 12) names++;
      if (new Set(people.map((user) => inventName(user) + colorOf(user, 1))).size < 12) twins++;
    }
    // By chance alone one room in 16, and one in 370.
    expect(names / rooms).toBeLessThan(0.12);
    expect(twins / rooms).toBeLessThan(0.02);
  });

  test('U59 windows of one device have colours of their own', () => {
    const colors = Array.from({ length: 24 }, (_, slot) => colorOf('ada', slot + 1));
    expect(new Set(colors).size).toBe(24);
  });

  test('U59 each colour can be read under white letters, and seen on light and on dark paper', () => {
    for (const color of Array.from({ length: 24 }, (_, slot) => colorOf('ada', slot + 1))) {
      expect(contrast(color, '#ffffff'), color).toBeGreaterThan(4.5);
      expect(contrast(color, '#1e2125'), color).toBeGreaterThan(3);
    }
  });
});

/** As WCAG counts it. */
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
