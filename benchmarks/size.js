/** What is loaded: bytes, as built, minified and compressed. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

/** Of a file of `dist` alone. */
export async function sizesOf(name) {
  const path = fileURLToPath(new URL(`../dist/${name}`, import.meta.url));
  const bundle = await rolldown({ input: path, platform: 'node', external: [/^node:/, 'worker-atexit', 'piscina'] });
  const { output } = await bundle.generate({ minify: true });
  await bundle.close();
  const minified = output[0].code;
  return {
    built: readFileSync(path).length,
    minified: Buffer.byteLength(minified),
    gzipped: gzipSync(minified).length,
  };
}

/** What a worker that has handlers, and nothing below it, loads: bytes. */
const TARGETS = { minified: 18 * 1024, gzipped: 7 * 1024 };

export default async function size() {
  const core = await sizesOf('index.js');
  const target = { what: 'minified', value: core.minified, most: TARGETS.minified };
  return {
    about: 'what a thread loads',
    unit: 'bytes',
    rows: [
      { row: 'main entry, in any thread', figures: core, target },
      { row: 'the rest, in a thread that needs it', figures: await sizesOf('rest.cjs') },
      { row: 'adapter for Piscina, beside it', figures: await sizesOf('piscina.js') },
    ],
  };
}
