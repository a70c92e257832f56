// The transport in both of its forms, as one module to load when one of them is wanted.

export { attachNode } from './attach.js';
export { listenNode } from './listen.js';
