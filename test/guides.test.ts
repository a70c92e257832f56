// What the guides show is true: code has the types of the package, commands and flags are there, JSON is JSON.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'docs/guides');
const heddle = join(root, 'dist/server/cli/main.js');

interface Snippet {
  /** `start-2`: the guide, and which of its snippets. */
  readonly name: string;
  readonly language: string;
  readonly text: string;
}

const snippets: readonly Snippet[] = readdirSync(folder).flatMap((file) =>
  [...readFileSync(join(folder, file), 'utf8').matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(
    ([, language = '', text = ''], i) => ({ name: `${file.slice(0, -3)}-${i + 1}`, language, text }),
  ),
);
const inLanguage = (...languages: string[]): Snippet[] =>
  snippets.filter(({ language }) => languages.includes(language));

describe('code of the guides', () => {
  let place = '';
  beforeAll(() => {
    // Inside the package, so that `heddle/client` is what the package exports under this name.
    mkdirSync(join(root, 'test-results'), { recursive: true });
    place = mkdtempSync(join(root, 'test-results/guides-'));
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  test('U53 every piece of code has the types that the package publishes', () => {
    const code = inLanguage('ts', 'tsx');
    expect(code.length).toBeGreaterThan(20);
    for (const { name, language, text } of code)
      writeFileSync(join(place, `${name}.${language}`), `${text}\nexport {};\n`);
    const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false, rootDir: root };
    const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include: ['*'] };
    writeFileSync(join(place, 'tsconfig.json'), JSON.stringify(config));
    const { stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', place], { encoding: 'utf8' });
    expect(stdout).toBe('');
  });
});

test('U53 the languages of the guides are those that are looked at', () => {
  expect(new Set(snippets.map(({ language }) => language))).toEqual(new Set(['ts', 'tsx', 'sh', 'json']));
  for (const { text } of inLanguage('json')) expect(() => JSON.parse(text) as unknown).not.toThrow();
});

/** Lines of the guides that call the command, as their words. */
const calls = inLanguage('sh').flatMap(({ name, text }) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('npx heddle '))
    .map((line) => ({ name, line, words: line.split(/\s+/).slice(2) })),
);

test('U53 every command and flag of the guides is there', () => {
  expect(calls.length).toBeGreaterThan(15);
  const commands = [...new Set(calls.map(({ words: [command = ''] }) => command))];
  const help = new Map(
    commands.map((command) => [
      command,
      execFileSync(process.execPath, [heddle, command, '--help'], { encoding: 'utf8' }),
    ]),
  );
  for (const { line, words } of calls)
    for (const flag of words.filter((word) => word.startsWith('--')))
      expect(help.get(words[0] ?? ''), line).toMatch(new RegExp(`^ *${flag}\\b`, 'm'));
});
