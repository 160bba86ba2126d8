// The packages beside which the services are measured, each in a folder of its own: they are no dependency of this one.
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { install } from '../cache.js';

const versions = {
  '@godaddy/terminus': '4.12.1',
  'close-with-grace': '2.5.0',
  fastify: '5.12.8',
  'fastify-graceful-shutdown': '5.0.0',
  'http-graceful-shutdown': '4.0.0',
  'http-terminator': '3.2.0',
  lightship: '9.0.3',
  pm2: '7.0.4',
  'unix-dgram': '2.0.7',
};

const folderOf = (name) => `${name}@${versions[name]}`;

/** Installs those that are named, from this repository's folder. */
export function installPeers(...names) {
  for (const name of names) install(folderOf(name));
}

export function resolvePeer(name) {
  const home = new URL(`../../node_modules/.cache/${folderOf(name)}/package.json`, import.meta.url);
  return createRequire(fileURLToPath(home)).resolve(name);
}

/** Where what `require` is given cannot be loaded: it is CommonJS, and said to be none. */
const modules = { lightship: '../esm/index.js' };

export const load = (name) => import(new URL(modules[name] ?? '', pathToFileURL(resolvePeer(name))).href);
