// The packages that only a server needs, and that are not installed with Heddle. An application that installs Heddle for its pages does not get them, so they are
// loaded when they are used, and a missing one is told in one sentence.

import { ConfigError } from './errors.js';

/** The packages, as npm is asked for them. These versions are those of package.json. */
export const serverPackages = { level: '10.0.0', 'uWebSockets.js': 'npm:uws-pack@20.0.8' } as const;

const neededBy: Readonly<Record<keyof typeof serverPackages, string>> = {
  level: 'a server',
  'uWebSockets.js': "the transport 'uws'",
};

/** Imports one of the packages. Rejects with ConfigError when it is not installed, and with what `load` rejects with otherwise. */
export async function loadServerPackage<T>(
  name: keyof typeof serverPackages,
  load: () => Promise<T>,
): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!isNotFound(error, name)) throw error;
    const wanted = `${name}@${serverPackages[name]}`;
    throw new ConfigError(
      `${name} is not installed, and ${neededBy[name]} needs it. Install it with: npm install ${wanted}`,
      { cause: error },
    );
  }
}

/** The package itself is not there, as opposed to something that it wants. */
function isNotFound(error: unknown, name: string): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === 'ERR_MODULE_NOT_FOUND' && error.message.includes(`'${name}'`);
}
