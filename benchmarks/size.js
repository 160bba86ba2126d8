/** What is loaded: bytes, as built, minified and compressed. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

async function sizesOf(name) {
  const path = fileURLToPath(new URL(`../dist/${name}`, import.meta.url));
  const bundle = await rolldown({ input: path, platform: 'node', external: [/^node:/] });
  const { output } = await bundle.generate({ minify: true });
  await bundle.close();
  const minified = output[0].code;
  return {
    built: readFileSync(path).length,
    minified: Buffer.byteLength(minified),
    gzipped: gzipSync(minified).length,
  };
}

export default async function size() {
  return {
    about: 'what a thread loads',
    unit: 'bytes',
    rows: [
      { row: 'main entry, in any thread', figures: await sizesOf('index.js') },
      { row: 'adapter for Piscina, beside it', figures: await sizesOf('piscina.js') },
    ],
  };
}
