// What a browser says that it is, in a few words for people: read from the header User-Agent, which anybody may set.

/** In this order: most browsers name those before them, too. */
const browsers: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\bEdgA?\/|\bEdgiOS\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\bElectron\//, 'Desktop app'],
  [/\b(?:Headless)?Chrome\/|\bCriOS\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];

const systems: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
];

/** Characters of a header that are looked at. */
const maxLength = 500;

/** 'Firefox on Linux' for example; '' where nothing is known. One of few texts, whatever the header holds. */
export function platformOf(userAgent: string | undefined): string {
  const agent = userAgent?.slice(0, maxLength) ?? '';
  const [browser, system] = [browsers, systems].map(
    (table) => table.find(([pattern]) => pattern.test(agent))?.[1],
  );
  if (browser === undefined || system === undefined) return browser ?? system ?? '';
  return `${browser} on ${system}`;
}
