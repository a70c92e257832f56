// `node --import ./scripts/heddle-here.mjs`: in a clone, examples that import `heddle/...` by name get this package, as built.
import { register } from 'node:module';

const hooks = `
export function resolve(name, context, next) {
  if (name !== 'heddle' && !name.startsWith('heddle/')) return next(name, context);
  return next(name, { ...context, parentURL: ${JSON.stringify(new URL('../package.json', import.meta.url).href)} });
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
